//! What the format says about a place in the file: the hint of every fault that brings none of its own.

use crate::scenario::schema;
use serde_json::Value;

/// The schema's description of the deepest known key on the way to the place, as a hint. A place in a patch is described as the
/// place it patches.
pub(super) fn meaning(tokens: &[String]) -> String {
    let root = schema();
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    if tokens.len() > 2 && matches!(tokens[0], "truths" | "candidates") {
        let base = if tokens[0] == "truths" { "truth" } else { "protocol" };
        tokens.splice(0..2, [base]);
    }
    let mut places = vec![&root];
    let mut found = None;
    for token in tokens {
        let next: Vec<&Value> = places.iter().flat_map(|place| children(&root, place, token, 0)).collect();
        let described = next.iter().find_map(|place| place.get("description").and_then(Value::as_str));
        if let Some(text) = described {
            found = Some(if token.parse::<usize>().is_ok() { text.to_string() } else { format!("`{token}`: {text}") });
        }
        places = next;
    }
    let text = found.unwrap_or_else(|| "a scenario file is one JSON object; `seamline new` prints a starter".into());
    text.trim_end_matches('.').to_string()
}

/// Schemas of the child `token` of a place, through references and alternatives.
fn children<'a>(root: &'a Value, place: &'a Value, token: &str, depth: usize) -> Vec<&'a Value> {
    let mut found = Vec::new();
    if depth > 8 {
        return found;
    }
    if let Some(name) = place.get("$ref").and_then(Value::as_str)
        && let Some(target) = name.strip_prefix('#').and_then(|pointer| root.pointer(pointer))
    {
        found.extend(children(root, target, token, depth + 1));
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        for choice in place.get(key).and_then(Value::as_array).into_iter().flatten() {
            found.extend(children(root, choice, token, depth + 1));
        }
    }
    if let Some(child) = place.get("properties").and_then(|all| all.get(token)) {
        found.push(child);
    } else if token.parse::<usize>().is_ok()
        && let Some(child) = place.get("items")
    {
        found.push(child);
    } else if let Some(child) = place.get("additionalProperties").filter(|child| child.is_object()) {
        found.push(child);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::meaning;

    fn at(pointer: &str) -> String {
        meaning(&pointer.split('/').skip(1).map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn places_have_their_descriptions() {
        assert!(at("/protocol/arms").starts_with("`arms`: "), "{}", at("/protocol/arms"));
        assert!(at("/truth/enrollment/0/per_month").starts_with("`per_month`: "));
        assert!(at("/truth/dropout/hazard").starts_with("`hazard`: "), "{}", at("/truth/dropout/hazard"));
        assert_eq!(at("/truths/x/strata"), at("/truth/strata"));
        assert!(at("").contains("seamline new"));
    }
}
