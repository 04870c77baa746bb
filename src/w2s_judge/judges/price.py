"""What calls to a judge cost, in US dollars."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.types import Usage

TEMPLATE_TOKENS = 256
"""Tokens that a chat template, and what providers add unseen, may put around a prompt."""

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens in and out, and for a call on top; None where not known."""

    usd_per_1m_in: float | None = None
    usd_per_1m_out: float | None = None
    usd_per_call: float | None = None

    @property
    def known(self) -> bool:
        """Whether a call can be priced: by tokens of both kinds, or by the call alone."""
        return self._by_tokens or (
            self.usd_per_call is not None
            and self.usd_per_1m_in is None
            and self.usd_per_1m_out is None
        )

    @property
    def _by_tokens(self) -> bool:
        return self.usd_per_1m_in is not None and self.usd_per_1m_out is not None

    def cost(self, usage: Usage) -> float | None:
        """Dollars for a call that used so much; None where price or usage is not known."""
        if not self.known:
            return None
        if not self._by_tokens:
            return self.usd_per_call
        asked, answered = usage.prompt_tokens, usage.completion_tokens
        if (asked is None and self.usd_per_1m_in) or (answered is None and self.usd_per_1m_out):
            return None
        return self.of(asked or 0, answered or 0)

    def bound(self, prompt_bytes: int, max_tokens: int) -> float | None:
        """Dollars that a call costs at most; None where the price is not known.

        Every UTF-8 byte sent is counted as a token, with `TEMPLATE_TOKENS` on top, and all of
        `max_tokens` as answered. Tokenisers that go by bytes never make more of a text.
        """
        return self.of(prompt_bytes + TEMPLATE_TOKENS, max_tokens)

    def of(self, asked: float, answered: float, calls: int = 1) -> float | None:
        """Dollars for so many tokens in and out over so many calls; None if not known."""
        if not self.known:
            return None
        by_tokens = asked * (self.usd_per_1m_in or 0.0) + answered * (self.usd_per_1m_out or 0.0)
        return by_tokens / _MILLION + calls * (self.usd_per_call or 0.0)


FREE = Price(usd_per_call=0.0)
"""Judges that run in this process."""
