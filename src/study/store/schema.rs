//! The tables of a store, each column with its unit and meaning; the store describes itself in its table `dictionary`.

use crate::study::SweepPlan;
use std::fmt::Write;

/// A column.
pub(super) struct Column {
    pub name: String,
    /// SQL type and constraint.
    kind: &'static str,
    unit: &'static str,
    meaning: String,
}

/// A table.
pub(super) struct Table {
    pub name: &'static str,
    meaning: &'static str,
    pub columns: Vec<Column>,
    /// Columns of the primary key.
    key: &'static [&'static str],
}

fn column(name: &str, kind: &'static str, unit: &'static str, meaning: &str) -> Column {
    Column { name: name.to_owned(), kind, unit, meaning: meaning.to_owned() }
}

/// A figure and its Monte Carlo standard error.
fn figure(name: &str, unit: &'static str, meaning: &str) -> [Column; 2] {
    [
        column(name, "REAL", unit, meaning),
        column(
            &format!("{name}_mcse"),
            "REAL",
            unit,
            &format!("Monte Carlo standard error of {name}; null where it is computed"),
        ),
    ]
}

const EVALUATION: &str = "number of the evaluation";
const PROBABILITY: &str = "probability";

/// The column that ties a row to its evaluation.
fn number() -> Column {
    column("evaluation", "INTEGER NOT NULL", "", EVALUATION)
}

/// Columns of an answer as a whole.
fn evaluation() -> Vec<Column> {
    let mut evaluation = vec![
        column(
            "evaluation",
            "INTEGER PRIMARY KEY",
            "",
            "number of the evaluation, from 0: candidates outermost, then truths, then points",
        ),
        column("point", "INTEGER NOT NULL", "", "number of the point"),
        column("candidate", "TEXT NOT NULL", "", "candidate"),
        column("truth", "TEXT NOT NULL", "", "truth"),
        column("engine", "TEXT", "", "engine that answered: analytic, asymptotic or simulation"),
        column("replicates", "INTEGER", "trials", "replicates behind simulated figures; null where they are computed"),
        column("refused", "TEXT", "", "why there is no answer; null where there is one"),
    ];
    let figures = [
        ("reject_any", PROBABILITY, "of rejecting at least one hypothesis"),
        ("reject_all", PROBABILITY, "of rejecting every hypothesis; null where one endpoint is tested"),
        ("type_i_error", PROBABILITY, "of rejecting a true null; null where every hypothesis is false"),
        ("go", PROBABILITY, "of going to phase III; 1 without a transition"),
        ("stop", PROBABILITY, "of stopping at the transition"),
        ("correct_selection", PROBABILITY, "that a truly best arm is kept; null without a transition or a best arm"),
        ("transition_month", "months", "mean calendar month of the transition; null without one"),
        ("transition_patients", "patients", "mean number enrolled by the transition; null without one"),
        ("patients", "patients", "expected number enrolled when the trial ends"),
        ("events", "events", "expected events of the primary endpoint in the data tested when the trial ends"),
        ("months", "months", "expected months until the trial ends"),
    ];
    evaluation.extend(figures.iter().flat_map(|(name, unit, meaning)| figure(name, unit, meaning)));
    evaluation
}

/// Columns of a hypothesis.
fn hypothesis() -> Vec<Column> {
    let mut hypothesis = vec![
        number(),
        column(
            "hypothesis",
            "INTEGER NOT NULL",
            "",
            "number of the hypothesis, from 0: one per experimental arm, or per endpoint where there are several",
        ),
        column("label", "TEXT NOT NULL", "", "arm, control, endpoint and population in words"),
        column("arm", "TEXT NOT NULL", "", "experimental arm"),
        column("null_true", "INTEGER NOT NULL", "0 or 1", "whether the null hypothesis is true under this truth"),
    ];
    hypothesis.extend(figure("reject", PROBABILITY, "of rejecting the hypothesis"));
    hypothesis.extend(figure("selected", PROBABILITY, "that the arm is kept at the transition; 1 without one"));
    hypothesis
}

/// Columns of a planned analysis.
fn look() -> Vec<Column> {
    let mut look = vec![
        number(),
        column("look", "INTEGER NOT NULL", "", "number of the analysis, from 0"),
        column("analysis", "TEXT NOT NULL", "", "name of the analysis"),
    ];
    look.extend(figure("month", "months", "mean calendar month of the look, over the trials that reach it"));
    look.extend(figure("events", "events", "mean events of the primary endpoint in the data tested"));
    look.extend(figure("patients", "patients", "mean number enrolled, all arms and phases"));
    look.push(column("information_fraction", "REAL", "share", "planned share of the final information"));
    for (name, side) in [("efficacy", "efficacy: reject at or above it"), ("futility", "futility: stop at or below it")]
    {
        look.push(column(
            &format!("{name}_z"),
            "REAL",
            "z",
            &format!("bound for {side}; null where the look has none"),
        ));
        look.push(column(&format!("{name}_p"), "REAL", PROBABILITY, &format!("one-sided p of the {name} bound")));
        look.push(column(
            &format!("{name}_hazard_ratio"),
            "REAL",
            "hazard ratio",
            &format!("at the {name} bound, approximate"),
        ));
    }
    look.extend(figure("cross_efficacy", PROBABILITY, "of first crossing the efficacy bound here"));
    look.extend(figure("cross_futility", PROBABILITY, "of stopping for futility here"));
    look.push(column(
        "average_hazard_ratio",
        "REAL",
        "hazard ratio",
        "event-weighted geometric mean so far; null in simulation",
    ));
    look.push(column(
        "cox_hazard_ratio",
        "REAL",
        "hazard ratio",
        "large-sample limit of Cox's estimate; null in simulation",
    ));
    look
}

/// Columns of the events at the transition.
fn transition() -> Vec<Column> {
    let mut transition = vec![number(), column("endpoint", "TEXT NOT NULL", "", "endpoint")];
    transition.extend(figure("events", "events", "mean events of the phase II cohort by the transition"));
    transition
}

/// Tables of the answers, which are filled unit by unit.
pub(super) fn answers() -> Vec<Table> {
    vec![
        Table {
            name: "evaluation",
            meaning: "one row per candidate, truth and point: the answer as a whole",
            columns: evaluation(),
            key: &[],
        },
        Table {
            name: "hypothesis",
            meaning: "one row per hypothesis of an evaluation",
            columns: hypothesis(),
            key: &["evaluation", "hypothesis"],
        },
        Table {
            name: "look",
            meaning: "one row per planned analysis of an evaluation",
            columns: look(),
            key: &["evaluation", "look"],
        },
        Table {
            name: "transition_events",
            meaning: "events at the transition, one row per endpoint",
            columns: transition(),
            key: &["evaluation", "endpoint"],
        },
        Table {
            name: "warning",
            meaning: "cautions about an answer",
            columns: vec![
                number(),
                column("warning", "INTEGER NOT NULL", "", "number of the warning, from 0"),
                column("text", "TEXT NOT NULL", "", "the caution, a full sentence"),
            ],
            key: &["evaluation", "warning"],
        },
    ]
}

/// Every table.
pub(super) fn tables() -> Vec<Table> {
    let mut tables = vec![
        Table {
            name: "run",
            meaning: "what was run: one row per key",
            columns: vec![
                column(
                    "key",
                    "TEXT PRIMARY KEY",
                    "",
                    "title, seamline (version), scenario (text of the file), sets (JSON list of --set), scenario_sha256, overrides (JSON of --engine, --replicates, --seed), seed, points, evaluations, units, first_unit, last_unit (of this file: from 0, and the one after the last), state (running or complete)",
                ),
                column("value", "TEXT NOT NULL", "", "value"),
            ],
            key: &[],
        },
        Table {
            name: "axis",
            meaning: "the axes of the sweep",
            columns: vec![
                column("axis", "INTEGER PRIMARY KEY", "", "number of the axis, from 0"),
                column("path", "TEXT NOT NULL", "", "JSON pointer of the value that moves"),
            ],
            key: &[],
        },
        Table {
            name: "coordinate",
            meaning: "the points: the value of every axis",
            columns: vec![
                column("point", "INTEGER NOT NULL", "", "number of the point, from 0"),
                column("axis", "INTEGER NOT NULL", "", "number of the axis"),
                column("value", "", "of the path", "number or text as in the file; JSON text for any other value"),
            ],
            key: &["point", "axis"],
        },
    ];
    tables.extend(answers());
    tables.push(Table {
        name: "tally",
        meaning: "exact counts behind simulated evaluations",
        columns: vec![
            column("evaluation", "INTEGER NOT NULL", "", EVALUATION),
            column("first", "INTEGER NOT NULL", "trials", "first replicate, from 0"),
            column("last", "INTEGER NOT NULL", "trials", "the replicate after the last"),
            column("tally", "TEXT NOT NULL", "", "JSON, as `tally` in a part file of evaluate"),
        ],
        key: &["evaluation", "first"],
    });
    tables.push(Table {
        name: "dictionary",
        meaning: "this description: one row per column",
        columns: vec![
            column("table_name", "TEXT NOT NULL", "", "table"),
            column("column_name", "TEXT NOT NULL", "", "column"),
            column("unit", "TEXT NOT NULL", "", "unit; empty where there is none"),
            column("meaning", "TEXT NOT NULL", "", "meaning"),
        ],
        key: &["table_name", "column_name"],
    });
    tables
}

/// Views that put the axes and names beside the figures, with their tables.
pub const RESULTS: [(&str, &str); 3] =
    [("results", "evaluation"), ("hypothesis_results", "hypothesis"), ("look_results", "look")];

impl Table {
    fn create(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} {}", column.name, column.kind).trim_end().to_owned())
            .collect();
        if self.key.is_empty() {
            format!("CREATE TABLE {} ({});\n", self.name, columns.join(", "))
        } else {
            let key = self.key.join(", ");
            format!("CREATE TABLE {} ({}, PRIMARY KEY ({key})) WITHOUT ROWID;\n", self.name, columns.join(", "))
        }
    }

    /// Statement that inserts a row.
    pub fn insert(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|index| format!("?{index}")).collect();
        format!("INSERT INTO {} VALUES ({})", self.name, places.join(", "))
    }
}

/// Statements that make the tables and views of a plan.
pub(super) fn create(plan: &SweepPlan) -> String {
    let mut sql: String = tables().iter().map(Table::create).collect();
    for (view, table) in RESULTS {
        let _ = write!(sql, "CREATE VIEW {view} AS SELECT evaluation.point");
        for (axis, path) in plan.paths().iter().enumerate() {
            let name = path.replace('"', "\"\"");
            let _ = write!(
                sql,
                ", (SELECT value FROM coordinate WHERE coordinate.point = evaluation.point AND axis = {axis}) AS \"{name}\""
            );
        }
        let joined = if table == "evaluation" { String::new() } else { format!(" JOIN {table} USING (evaluation)") };
        let skipped = ["evaluation", "point", "candidate", "truth"];
        let columns: String = answers()
            .iter()
            .filter(|known| known.name == table)
            .flat_map(|known| &known.columns)
            .filter(|column| !skipped.contains(&column.name.as_str()))
            .fold(String::new(), |mut list, column| {
                let _ = write!(list, ", {table}.{}", column.name);
                list
            });
        let _ = writeln!(
            sql,
            ", evaluation.candidate, evaluation.truth{columns} FROM evaluation{joined} ORDER BY evaluation.evaluation;"
        );
    }
    sql
}

/// Rows of the dictionary.
pub(super) fn dictionary() -> Vec<[String; 4]> {
    let row = |table: &Table, column: &Column| {
        [table.name.to_owned(), column.name.clone(), column.unit.to_owned(), column.meaning.clone()]
    };
    tables()
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| row(table, column)).collect::<Vec<_>>())
        .collect()
}

/// The tables in Markdown, for the book.
pub fn documentation() -> String {
    let mut text = String::new();
    for table in tables() {
        let _ = write!(text, "`{}`: {}\n\n| column | unit | meaning |\n|---|---|---|\n", table.name, table.meaning);
        for column in &table.columns {
            let _ = writeln!(text, "| `{}` | {} | {} |", column.name, column.unit, column.meaning);
        }
        text.push('\n');
    }
    text
}
