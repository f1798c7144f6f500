"""Comparing the commit logs of two replicas."""
from .report import wait_until


def same_end(one, other):
    return one.end() == other.end()


def difference(one, other):
    """Why two logs are not equal, byte for byte, where both have them; empty if they are. Both must be at rest."""
    (first, first_end), (second, second_end) = one.span(), other.span()
    begin, end = max(first, second), min(first_end, second_end)
    mine, theirs = one.log_bytes(begin, end), other.log_bytes(begin, end)
    if first_end != second_end:
        return f"{one.name} ends at {first_end}, {other.name} at {second_end}"
    if begin >= end or len(mine) != end - begin:
        return f"nothing to compare in [{begin}, {end})"
    at = next((i for i, (x, y) in enumerate(zip(mine, theirs)) if x != y), None) if mine != theirs else None
    return "" if mine == theirs else f"they differ at {begin + at if at is not None else 'their length'}"


def check_same(report, what, one, other, limit_s=40):
    """Both logs end at the same place within the limit, and hold the same bytes."""
    try:
        wait_until(limit_s, lambda: same_end(one, other))
        # Our master's journal may write on; equal at one moment is enough.
        wait_until(5, lambda: not difference(one, other))
    except TimeoutError:
        pass
    try:
        return report.equal(what, "", difference(one, other))
    except (OSError, ValueError, KeyError) as error:
        return report.check(what, False, repr(error))
