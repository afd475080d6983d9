"""What names, labels and other short texts may look like, each with upstream's sentence.

Part of Kubernetes: apimachinery pkg/util/validation. Each function returns the complaints about a text (empty: it is fine).
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = f"{LABEL}(\\.{LABEL})*"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
VALUE = f"({QUALIFIED})?"
CONFIG_KEY = "[-._a-zA-Z0-9]+"
ENV_NAME = "[ -<>-~]+"  # any printable ASCII but =

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # of generated names: no vowels, no look-alikes. apimachinery pkg/util/rand

ALNUM = "must start and end with an alphanumeric character"


def regex_error(text: str, regex: str, *examples: str) -> str:
    """Upstream's RegexError: the sentence, examples and the expression."""
    if not examples:
        return f"{text} (regex used for validation is '{regex}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{regex}')"


def too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


Problems = tuple[str, ...]


def _form(regex: str, limit: int, sentence: str, *examples: str, unit: str = "characters") -> Callable[[str], Problems]:
    """The complaints of a text that shall have this form."""
    wrong, long = regex_error(sentence, regex, *examples), too_long(limit, unit)

    @lru_cache(maxsize=4096)
    def complaints(text: str) -> Problems:
        errors = (long,) if len(text) > limit else ()
        return errors if re.fullmatch(regex, text) else (*errors, wrong)
    return complaints


_LOWER = "must consist of lower case alphanumeric characters"
_label = _form(LABEL, 63, f"a lowercase RFC 1123 label {_LOWER} or '-', and {ALNUM}", "my-name", "123-abc")
dns_subdomain = _form(SUBDOMAIN, 253, f"a lowercase RFC 1123 subdomain {_LOWER}, '-' or '.', and {ALNUM}", "example.com")
dns_1035_label = _form(LABEL_1035, 63, f"a DNS-1035 label {_LOWER} or '-', start with an alphabetic character, and end with an "
                       "alphanumeric character", "my-name", "abc-123")
label_value = _form(VALUE, 63, "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                    f"{ALNUM}", "MyValue", "my_value", "12345", unit="bytes")
_config_key = _form(CONFIG_KEY, 253, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                    "key.name", "KEY_NAME", "key-name")


def dns_label(text: str) -> Problems:
    problems = _label(text)
    return (*problems[:-1], "must not contain dots") if problems and "." in text and re.fullmatch(SUBDOMAIN, text) else problems


def config_key(text: str) -> Problems:
    """A key of a ConfigMap or Secret: it becomes a file name."""
    if text in (".", ".."):
        return (*_config_key(text), f"must not be '{text}'")
    return (*_config_key(text), "must not start with '..'") if text.startswith("..") else _config_key(text)


@lru_cache(maxsize=8192)
def qualified_name(text: str) -> Problems:
    """An optional DNS prefix and a name."""
    return _qualified(text, "a qualified name", "characters")


@lru_cache(maxsize=8192)
def label_key(text: str) -> Problems:
    """A qualified name whose length is counted in bytes."""
    return _qualified(text, "a valid label key", "bytes")


def _qualified(text: str, what: str, unit: str) -> Problems:
    wrong = regex_error(f"name part must consist of alphanumeric characters, '-', '_' or '.', and {ALNUM}",
                        QUALIFIED, "MyName", "my.name", "123-abc")
    prefix, slash, name = text.rpartition("/")
    if text.count("/") > 1:
        return (regex_error(f"{what} must consist of alphanumeric characters, '-', '_' or '.', and {ALNUM}",
                            QUALIFIED, "MyName", "my.name", "123-abc")
                + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",)
    errors = []
    if slash:
        errors += ["prefix part must be non-empty"] if not prefix else [f"prefix part {e}" for e in dns_subdomain(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif len(name) > 63:
        errors.append(f"name part {too_long(63, unit)}")
    return tuple(errors) if re.fullmatch(QUALIFIED, name) else (*errors, wrong)


@lru_cache(maxsize=4096)
def env_name(text: str) -> Problems:
    """Since 1.34 any printable ASCII but '='."""
    wrong = "a valid environment variable name must consist only of printable ASCII characters other than '='"
    return () if re.fullmatch(ENV_NAME, text) else (wrong,)


@lru_cache(maxsize=4096)
def port_name(text: str) -> Problems:
    """An IANA service name: at most 15 characters of [a-z0-9-], with a letter."""
    errors = ["must be no more than 15 characters"] if len(text) > 15 else []
    if not re.fullmatch("[-a-z0-9]+", text):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        errors.append("must contain at least one letter (a-z)")
    if "--" in text:
        errors.append("must not contain consecutive hyphens")
    if text[:1] == "-" or text[-1:] == "-":
        errors.append("must not begin or end with a hyphen")
    return tuple(errors)


def path_segment(name: str) -> Problems:
    """A name that need only fit into a URL."""
    wrong = [f"may not be '{name}'"] if name in (".", "..") else []
    return (*wrong, *(f"may not contain '{part}'" for part in "/%" if part in name))


def port_number(number: int) -> Problems:
    return () if 1 <= number <= 65535 else ("must be between 1 and 65535, inclusive",)


@lru_cache(maxsize=4096)
def ip_address(text: str) -> Problems:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    return ()


@lru_cache(maxsize=4096)
def cidr(text: str) -> Problems:
    try:
        if "/" in text:
            ipaddress.ip_network(text, strict=False)
            return ()
    except ValueError:
        pass
    return ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)
