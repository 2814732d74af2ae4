"""Opens a finished store of a sweep with Python's own sqlite3 and checks it against its dictionary: store.py STORE"""

import json
import sqlite3
import sys

store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
store.row_factory = sqlite3.Row


def rows(query):
    return store.execute(query).fetchall()


run = dict(store.execute("SELECT key, value FROM run"))
assert run["state"] == "complete", run["state"]
assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"

# Every column of every table is documented, and nothing else is.
documented = {(row["table_name"], row["column_name"]) for row in rows("SELECT * FROM dictionary")}
tables = [row["name"] for row in rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
found = {(table, column["name"]) for table in tables for column in rows(f"PRAGMA table_info({table})")}
assert found == documented, found ^ documented
assert all(row["meaning"] for row in rows("SELECT * FROM dictionary"))

# Points × candidates × truths, each answered or refused; the views name the axes by their paths.
scenario = json.loads(run["scenario"])
paths = [row["path"] for row in rows("SELECT path FROM axis ORDER BY axis")]
assert paths == [axis["path"] for axis in scenario["sweep"]["axes"]], paths
results = rows("SELECT * FROM results")
assert len(results) == int(run["evaluations"])
assert len(results) == int(run["points"]) * len(scenario["candidates"]) * len(scenario["truths"])
for row in results:
    assert all(row[path] is not None for path in paths)
    assert row["refused"] is not None or 0 <= row["reject_any"] <= 1
probabilities = [row["column_name"] for row in rows("SELECT * FROM dictionary WHERE table_name = 'look' AND unit = 'probability'")]
looks = rows("SELECT * FROM look_results")
assert len(looks) >= len(results) and all(0 <= row[name] <= 1 for row in looks for name in probabilities if row[name] is not None)
assert len(rows("SELECT * FROM hypothesis_results")) >= len(results)
print(f"{len(results)} evaluations, {len(documented)} documented columns in {len(tables)} tables")
