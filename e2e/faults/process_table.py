"""Markdown of the results of processes.py: one table of times and one of the checker's words for each mode."""
NAMES = {("ours", "stock"): "ours, 10 s", ("ours", "quick"): "ours", ("java", "stock"): "Java", ("java", "quick"): "Java, tuned"}
# A gap is the fault's if it begins at once, or is a long one that begins soon; others are this computer's.
AT_ONCE_MS, SOON_MS, LONG_MS = 1000, 10_000, 1000
COUNTS = ("lost", "undelivered", "displaced", "outOfOrder", "duplicated")


def seconds(value):
    if value is None:
        return "never"
    return f"{value / 1000:.1f}" if value else "<0.2"


def recovery_ms(outages, begun):
    """From the fault to the end of the longest gap that it began."""
    gaps = [(begin, end) for begin, end in outages if end > begun and (
        begin < begun + AT_ONCE_MS or begin < begun + SOON_MS and end - begin >= LONG_MS)]
    return max(gaps, key=lambda gap: gap[1] - gap[0])[1] - begun if gaps else 0


def silent_ms(outages, begun):
    """All long gaps together."""
    return sum(end - max(begin, begun) for begin, end in outages if end > begun and end - begin >= LONG_MS)


def times(event):
    """Group, client, whole."""
    parts = []
    for who in ("group", "client"):
        outages = event[f"{who}Outages"]
        first, silent = recovery_ms(outages, event["begun"]), silent_ms(outages, event["begun"])
        text = seconds(first if event[f"{who}Back"] else None)
        parts.append(f"{text} ({seconds(silent)})" if who == "group" and silent > first + 1000 else text)
    return " / ".join([*parts, seconds(event["wholeMs"])])


def counts(event):
    text = " / ".join(str(event[key]) for key in COUNTS)
    return f"{text} of {event['acknowledged']}" + ("" if event["storeRead"] else " (store not read)")


def load(event):
    """This computer's load average at the time; a high one makes the figures long."""
    return f"{event['load']:.0f}" if "load" in event else "?"


def grid(faults, columns, cell):
    lines = ["| fault | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for fault in faults:
        lines.append(f"| {fault} | " + " | ".join(cell(events[fault]) if fault in events else "-" for events in columns.values()) + " |")
    return lines


def tables(results):
    lines = []
    for mode in sorted({result["mode"] for result in results}, reverse=True):
        columns = {}
        for result in results:
            if result["mode"] == mode:
                columns.setdefault(NAMES[result["kind"], result["times"]], {}).update({event["fault"]: event for event in result["events"]})
        faults = list(dict.fromkeys(fault for events in columns.values() for fault in events))
        when = "the group acknowledges / the client's send is acknowledged / all replicas are in sync again"
        lines += [f"{mode}: seconds until {when}", "", *grid(faults, columns, times), ""]
        lines += [f"{mode}: {' / '.join(COUNTS)} of acknowledged", "", *grid(faults, columns, counts), ""]
        if any("load" in event for events in columns.values() for event in events.values()):
            lines += [f"{mode}: load average of the computer, the higher of before and after", "", *grid(faults, columns, load), ""]
    return "\n".join(lines)
