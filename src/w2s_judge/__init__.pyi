from w2s_judge.aggregation.auto import Auto as Auto
from w2s_judge.aggregation.dawid_skene import DawidSkene as DawidSkene
from w2s_judge.aggregation.hypotheses import Hypotheses as Hypotheses
from w2s_judge.aggregation.rotated_factors import RotatedFactors as RotatedFactors
from w2s_judge.audit.audited import Audit as Audit
from w2s_judge.cascade.learn import Cascade as Cascade
from w2s_judge.comparisons import Comparisons as Comparisons
from w2s_judge.comparisons import Ranking as Ranking
from w2s_judge.consensus import Consensus as Consensus
from w2s_judge.datasets.comparison_files import read_comparisons as read_comparisons
from w2s_judge.datasets.gold_files import read_gold as read_gold
from w2s_judge.datasets.vote_files import read_votes as read_votes
from w2s_judge.errors import ConfigurationError as ConfigurationError
from w2s_judge.errors import InputError as InputError
from w2s_judge.errors import MissingExtra as MissingExtra
from w2s_judge.errors import RunFolderError as RunFolderError
from w2s_judge.errors import UsageError as UsageError
from w2s_judge.errors import W2SJudgeError as W2SJudgeError
from w2s_judge.gold import Gold as Gold
from w2s_judge.gold import Truth as Truth
from w2s_judge.prompts import Rubric as Rubric
from w2s_judge.prompts import load
from w2s_judge.ranking.bradley_terry import BradleyTerry as BradleyTerry
from w2s_judge.ranking.ged import GED as GED
from w2s_judge.ranking.judge_weighted import JudgeWeighted as JudgeWeighted
from w2s_judge.store.run import Run as Run
from w2s_judge.types import Abstention as Abstention
from w2s_judge.types import Item as Item
from w2s_judge.types import Mass as Mass
from w2s_judge.types import Preference as Preference
from w2s_judge.types import Question as Question
from w2s_judge.types import Reply as Reply
from w2s_judge.types import Response as Response
from w2s_judge.types import Vote as Vote
from w2s_judge.votes import VoteMatrix as VoteMatrix
from w2s_judge.workflows.aggregate import aggregate as aggregate
from w2s_judge.workflows.audit import audit
from w2s_judge.workflows.check import check_panel as check_panel
from w2s_judge.workflows.estimate import estimate as estimate
from w2s_judge.workflows.label import label as label
from w2s_judge.workflows.pairs import pairs as pairs
from w2s_judge.workflows.probe import probe as probe
from w2s_judge.workflows.rank import rank as rank
from w2s_judge.workflows.replay import replay as replay
from w2s_judge.workflows.score import score as score

__version__: str
load_rubric = load
audit_panel = audit
__all__: list[str]

def __dir__() -> list[str]: ...
