//! The report: what stands in it, that names of the file cannot break it, and that it is the same on any number of threads.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test: what goes wrong here fails the test")]

use assert_cmd::Command;
use std::path::Path;

const MELANOMA: &str = "scenarios/neoantigen-melanoma.json";
/// Fewer candidates: what is checked does not depend on how many there are.
const ONE: &str = "/candidates={\"as planned\": {}}";
const TWO: &str = "/candidates={\"as planned\": {}, \"no gate\": {\"transition\": {\"go\": null}}}";

fn seamline(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("seamline").unwrap().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn report(file: &str, more: &[&str]) -> String {
    seamline(&[&["report", file, "--quiet", "--replicates", "100"], more].concat())
}

/// Every element is closed in order, every attribute quoted, no stray `<` or `&`: what browsers and XML readers need.
fn assert_well_formed(text: &str, void: &[&str]) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        for entity in rest[..at].split('&').skip(1) {
            assert!(entity.split_once(';').is_some_and(|(name, _)| name.len() <= 5), "stray &: {entity:.40}");
        }
        let end = at + rest[at..].find('>').unwrap_or_else(|| panic!("unclosed: {:.60}", &rest[at..]));
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closes what is not open");
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap().to_owned();
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        if !tag.ends_with('/') && !void.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

fn without_style(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    format!("{before}{}", rest.split_once("</style>").unwrap().1)
}

fn assert_page(page: &str) {
    assert_well_formed(&without_style(page), &["meta", "br"]);
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http://", "https://", "<script", "src=", "@import", "url("] {
        assert!(!addresses.contains(outside), "the page reaches outside: {outside}");
    }
}

#[test]
fn a_seamless_report_tells_everything_in_both_languages() {
    for (language, words) in [
        ("en", ["Trial design", "Dunnett", "family-wise", "delay of the effect (months)", "How to reproduce"]),
        ("zh", ["试验设计", "Dunnett", "总体 I 类错误率", "疗效延迟时间（月）", "报告的重现"]),
    ] {
        let page = report(MELANOMA, &["--lang", language, "--set", TWO]);
        assert_page(&page);
        for word in words {
            assert!(page.contains(word), "{language}: {word}");
        }
        for figure in [
            "boundaries",
            "hazard-ratio",
            "survival",
            "calendar",
            "operating-characteristics",
            "pareto",
            "delay",
            "tornado",
            "correlation",
        ] {
            let begin = page.find(&format!("<figure id=\"figure-{figure}\"")).unwrap_or_else(|| panic!("no {figure}"));
            let end = begin + page[begin..].find("</figure>").unwrap();
            assert!(page[begin..end].contains("class=\"mark\""), "{language}: {figure} shows nothing");
        }
        for table in ["ranking", "truths", "looks", "operating-characteristics", "hypotheses", "tornado"] {
            assert!(page.contains(&format!("id=\"table-{table}\"")), "{language}: {table}");
        }
        assert!(page.contains("--replicates 100") && page.contains("20261122"));
    }
}

#[test]
fn a_group_sequential_report_has_bounds_on_three_scales_and_sizes() {
    let page = report("scenarios/os-delayed-effect-three-looks.json", &[]);
    assert_page(&page);
    for word in ["z scale", "p-value scale", "hazard ratio scale", "Size for power 0.9", "non-binding", "AHR"] {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn a_report_is_the_same_on_any_number_of_threads() {
    let on = |threads| report(MELANOMA, &["--threads", threads, "--set", ONE]);
    assert_eq!(on("1"), on("2"));
}

#[test]
fn figures_and_tables_come_as_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let page = at("page.html");
    let printed =
        report("scenarios/os-delayed-effect.json", &["-o", &page, "--figures", &at("f"), "--tables", &at("t")]);
    assert!(printed.is_empty());
    assert_page(&std::fs::read_to_string(&page).unwrap());
    let list = |name: &str| {
        let mut names: Vec<String> = std::fs::read_dir(Path::new(&at(name)))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for name in list("f") {
        let drawing = std::fs::read_to_string(folder.path().join("f").join(&name)).unwrap();
        assert!(drawing.starts_with("<svg ") && drawing.contains("class=\"mark\""), "{name}");
        assert_well_formed(&drawing, &[]);
    }
    assert!(list("f").len() >= 10, "{:?}", list("f"));
    let tables = list("t");
    let csv = tables.iter().filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "csv"));
    assert_eq!(csv.count(), tables.len() / 2, "{tables:?}");
    let looks = std::fs::read_to_string(folder.path().join("t/looks.csv")).unwrap();
    // The size of the worked answer: bounds of two looks at 200 and 300 events.
    assert!(looks.lines().count() == 3 && looks.contains(",200"), "{looks}");
}

#[test]
fn names_of_the_file_cannot_break_the_page() {
    let hostile = "</svg></figure><script>alert('1')</script>\"&amp;<b>";
    let file = std::fs::read_to_string("scenarios/os-delayed-effect.json").unwrap();
    let mut scenario: serde_json::Value = serde_json::from_str(&file).unwrap();
    scenario["title"] = hostile.into();
    scenario["notes"] = hostile.into();
    scenario["truths"] = serde_json::json!({ hostile: {}, "a\u{7}b\n]]>": {} });
    scenario["candidates"] = serde_json::json!({ hostile: {} });
    scenario["protocol"]["analyses"][0]["name"] = hostile.into();
    let arms = scenario["truth"]["arms"]["vaccine"].clone();
    scenario["truth"]["arms"] = serde_json::json!({ hostile: arms });
    scenario["protocol"]["arms"] = serde_json::json!(["control", hostile]);
    scenario["protocol"]["allocation"] = serde_json::json!({ "control": 1, hostile: 1 });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.json");
    std::fs::write(&path, scenario.to_string()).unwrap();
    for language in ["en", "zh"] {
        let page = report(path.to_str().unwrap(), &["--lang", language]);
        assert_page(&page);
        assert!(page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"));
    }
}

#[test]
fn data_comes_as_json() {
    let answer: serde_json::Value =
        serde_json::from_str(&report("scenarios/os-delayed-effect.json", &["--json"])).unwrap();
    let delay = answer["sensitivity"]["delay"][0]["points"].as_array().unwrap();
    // Power falls as the effect comes later, and at the file's own delay it is the answer.
    let power: Vec<f64> = delay.iter().map(|point| point["reject_any"]["value"].as_f64().unwrap()).collect();
    assert!(power.windows(2).all(|pair| pair[0] > pair[1]), "{power:?}");
    let at = delay.iter().position(|point| point["at"] == 4.0).unwrap();
    assert_eq!(delay[at]["reject_any"], answer["results"][0]["reject_any"]);
    assert_eq!(answer["ranking"][0]["rank"], 1);
}

#[test]
fn what_cannot_be_written_is_said() {
    let output = Command::cargo_bin("seamline")
        .unwrap()
        .args(["report", "scenarios/os-delayed-effect.json", "-o", "/nowhere/at/all.html", "--quiet"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write /nowhere/at/all.html"));
}
