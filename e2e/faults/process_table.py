"""Markdown of the results of processes.py: one table of times and one of the checker's words for each mode."""
NAMES = {("ours", "stock"): "ours, 10 s", ("ours", "quick"): "ours", ("java", "stock"): "Java", ("java", "quick"): "Java, tuned"}
COUNTS = ("lost", "undelivered", "displaced", "outOfOrder", "duplicated")


def seconds(value):
    return "never" if value is None else f"{value / 1000:.1f}"


def times(event):
    """Group, client, whole."""
    group = seconds(event["groupMs"] if event["groupBack"] else None)
    client = seconds(event["clientMs"] if event["clientBack"] else None)
    return f"{group} / {client} / {seconds(event['wholeMs'])}"


def counts(event):
    text = " / ".join(str(event[key]) for key in COUNTS)
    return f"{text} of {event['acknowledged']}" + ("" if event["storeRead"] else " (store not read)")


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
        lines += [f"{mode}: seconds until the group acknowledges / the client's send is acknowledged / all replicas are in sync again", "",
                  *grid(faults, columns, times), "", f"{mode}: {' / '.join(COUNTS)} of acknowledged", "", *grid(faults, columns, counts), ""]
    return "\n".join(lines)
