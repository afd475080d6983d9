"""What names, labels and other short texts may look like, each with upstream's sentence.

Part of Kubernetes: apimachinery pkg/util/validation. Each function returns the complaints about a text (empty: it is fine).
"""
from __future__ import annotations

import ipaddress
import re
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


@lru_cache(maxsize=4096)
def dns_label(text: str) -> tuple[str, ...]:
    wrong = regex_error(f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and {ALNUM}",
                        LABEL, "my-name", "123-abc")
    return _checked(text, LABEL, "must not contain dots" if re.fullmatch(SUBDOMAIN, text) else wrong, 63)


@lru_cache(maxsize=4096)
def dns_subdomain(text: str) -> tuple[str, ...]:
    wrong = regex_error(f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and {ALNUM}",
                        SUBDOMAIN, "example.com")
    return _checked(text, SUBDOMAIN, wrong, 253)


@lru_cache(maxsize=4096)
def dns_1035_label(text: str) -> tuple[str, ...]:
    wrong = regex_error("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
                        "and end with an alphanumeric character", LABEL_1035, "my-name", "abc-123")
    return _checked(text, LABEL_1035, wrong, 63)


def _checked(text: str, regex: str, wrong: str, limit: int, unit: str = "characters") -> tuple[str, ...]:
    errors = (too_long(limit, unit),) if len(text) > limit else ()
    return errors if re.fullmatch(regex, text) else (*errors, wrong)


@lru_cache(maxsize=8192)
def qualified_name(text: str) -> tuple[str, ...]:
    """An optional DNS prefix and a name."""
    return _qualified(text, "a qualified name", "characters")


@lru_cache(maxsize=8192)
def label_key(text: str) -> tuple[str, ...]:
    """A qualified name whose length is counted in bytes."""
    return _qualified(text, "a valid label key", "bytes")


def _qualified(text: str, what: str, unit: str) -> tuple[str, ...]:
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


@lru_cache(maxsize=8192)
def label_value(text: str) -> tuple[str, ...]:
    wrong = regex_error(f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and {ALNUM}",
                        VALUE, "MyValue", "my_value", "12345")
    return _checked(text, VALUE, wrong, 63, "bytes")


@lru_cache(maxsize=4096)
def config_key(text: str) -> tuple[str, ...]:
    """A key of a ConfigMap or Secret: it becomes a file name."""
    wrong = regex_error("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", CONFIG_KEY,
                        "key.name", "KEY_NAME", "key-name")
    errors = _checked(text, CONFIG_KEY, wrong, 253)
    if text == ".":
        return (*errors, "must not be '.'")
    if text == "..":
        return (*errors, "must not be '..'")
    return (*errors, "must not start with '..'") if text.startswith("..") else errors


@lru_cache(maxsize=4096)
def env_name(text: str) -> tuple[str, ...]:
    """Since 1.34 any printable ASCII but '='."""
    if re.fullmatch(ENV_NAME, text):
        return ()
    return ("a valid environment variable name must consist only of printable ASCII characters other than '='",)


@lru_cache(maxsize=4096)
def port_name(text: str) -> tuple[str, ...]:
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


def port_number(number: int) -> tuple[str, ...]:
    return () if 1 <= number <= 65535 else ("must be between 1 and 65535, inclusive",)


@lru_cache(maxsize=4096)
def ip_address(text: str) -> tuple[str, ...]:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    return ()


@lru_cache(maxsize=4096)
def cidr(text: str) -> tuple[str, ...]:
    try:
        if "/" in text:
            ipaddress.ip_network(text, strict=False)
            return ()
    except ValueError:
        pass
    return ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)
