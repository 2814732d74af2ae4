//! "Did you mean": the nearest known name, and hints made of it.

/// Similarity below which a name is no suggestion.
const NEAR: f64 = 0.5;

/// Words of the field that the format spells otherwise.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("dfs_hazard_ratio", "pfs_hazard_ratio"),
    ("dfs_z", "pfs_z"),
    ("rfs", "dfs"),
    ("rfs_hazard_ratio", "pfs_hazard_ratio"),
    ("rfs_z", "pfs_z"),
    ("efs", "dfs"),
    ("log_rank", "logrank"),
    ("hsd", "hwang_shih_decani"),
    ("of", "obrien_fleming"),
    ("lan_demets_obrien_fleming", "obrien_fleming"),
    ("lan_demets_pocock", "pocock"),
    ("accrual", "enrollment"),
    ("enrolment", "enrollment"),
    ("placebo", "control"),
    ("sample_size", "patients"),
    ("followup", "min_follow_up"),
    ("lag", "delay"),
    ("hr", "hazard_ratio"),
];

/// The known name nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let meant = OTHER_WORDS.iter().find(|(word, _)| *word == lower).map(|(_, meant)| *meant);
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        if Some(candidate) == meant {
            return Some(candidate);
        }
        let score = strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase());
        if score >= NEAR && best.is_none_or(|(other, _)| score > other) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// "did you mean `x`? known keys: a, b, c", as far as there is something to say.
pub(crate) fn hint(name: &str, kind: &str, known: &[&str]) -> Option<String> {
    if known.is_empty() {
        return None;
    }
    let list = known.join(", ");
    let found = nearest(name, known.iter().copied());
    let law = match found {
        Some(word) if name.to_lowercase().starts_with("dfs") && word.starts_with("pfs") => {
            " (DFS has the law of PFS, its statistics are named pfs)"
        }
        _ => "",
    };
    Some(match found {
        Some(word) => format!("did you mean `{word}`?{law} known {kind}: {list}"),
        None => format!("known {kind}: {list}"),
    })
}
