"""One plain form of text, shared by what is read from a judge and what guards that reading.

A guard ("this code stands in no judged text") holds only if it sees text as loosely as the reader
does. So both go through here: compatibility forms become ordinary ones (full-width digits and
colons), invisible characters, quotes and Markdown marks go. Case is left to the caller.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[*_`~\"'“”‘’]")

# Unicode's format characters (category Cf), the variation selectors and the grapheme joiner.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
)


def plain(text: str) -> str:
    """Return the text without compatibility forms, invisible characters, quotes or marks."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return _MARKS.sub("", text)
