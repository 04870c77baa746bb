"""All themes of the audit of a panel, in the order in which they are read."""

from __future__ import annotations

from w2s_judge.audit.agreement.theme import agreement
from w2s_judge.audit.bias.theme import bias
from w2s_judge.audit.coverage.theme import coverage
from w2s_judge.audit.dependence.theme import dependent
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Part
from w2s_judge.audit.rates.theme import rates
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.robustness.probe_votes import ProbeVotes
from w2s_judge.audit.robustness.theme import robustness
from w2s_judge.audit.skill.theme import skill


def themes(
    panel: Panel,
    resample: Resample,
    probed: ProbeVotes | None = None,
) -> tuple[Part, ...]:
    """The parts of one panel by itself: robustness where probes were asked."""
    parts = [theme(panel, resample) for theme in (coverage, agreement, dependent, skill, bias)]
    robust = None if probed is None else robustness(panel, probed, resample)
    if robust is not None:
        parts.append(robust)
    parts.append(rates(panel, resample))
    return tuple(parts)
