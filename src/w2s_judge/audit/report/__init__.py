"""The audit as one page: a file of its own that needs no network. The extra `report`."""

from w2s_judge.audit.report.page import render

__all__ = ["render"]
