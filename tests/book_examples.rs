//! Every command printed in the book and the README is run, and what it prints is compared with what stands there.
//!
//! A fenced block ```` ```console ```` holds commands and their output:
//!
//! - `$ seamline …` runs from the repository's root; the lines up to the next `$` or the end are its stdout;
//! - `$ seamline … 2>&1` compares stdout followed by stderr;
//! - a command that ends with `\` goes on in the next line;
//! - `$ echo $?` prints the exit status of the command before it; without it the status must be 0;
//! - a line `...` stands for any lines.
//!
//! A block ```` ```json scenario ```` holds a scenario that `seamline check` must accept. `SEAMLINE_BLESS=1` writes the
//! blocks anew with the real output; one that still matches, `...` included, stays as it is.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test: what goes wrong here fails the test")]

mod validation_page;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page of the book, in order of their names.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    let mut folders = vec![root().join("book/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// Words of a command line; single quotes keep a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for character in line.chars() {
        match character {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                word.push(character);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn seamline(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seamline")).current_dir(root()).args(arguments).output().unwrap()
}

/// Lines without trailing blanks and without empty lines at the end.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

/// The lines, each with its end.
fn joined_lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// Whether `wanted`, in which a line `...` stands for any lines, describes `got`.
fn matches(wanted: &[&str], got: &[&str]) -> bool {
    match wanted.split_first() {
        None => got.is_empty(),
        Some((&"...", rest)) => (0..=got.len()).any(|skip| matches(rest, &got[skip..])),
        Some((line, rest)) => got.first() == Some(line) && matches(rest, &got[1..]),
    }
}

/// One block of commands: the block as it should stand, and what disagreed.
fn console(place: &str, block: &[&str]) -> (String, Vec<String>) {
    let (mut text, mut wrong) = (String::new(), Vec::new());
    let mut status: Option<i32> = None;
    let starts: Vec<usize> = (0..block.len()).filter(|&line| block[line].starts_with("$ ")).collect();
    assert_eq!(starts.first(), Some(&0), "{place}: a console block begins with a command");
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(block.len());
        let first = (start..end).find(|&line| !block[line].trim_end().ends_with('\\')).unwrap_or(start) + 1;
        let typed: Vec<&str> = block[start..first].iter().map(|line| line.trim_end()).collect();
        let joined = block[first..end].join("\n");
        let wanted = lines(&joined);
        let line = typed.iter().map(|line| line.trim_end_matches('\\').trim()).collect::<Vec<_>>().join(" ");
        let mut command = words(&line[2..]);
        let got = if command == ["echo", "$?"] {
            status.take().map_or_else(|| panic!("{place}: no command before `{line}`"), |code| code.to_string())
        } else {
            let both = command.last().is_some_and(|word| word == "2>&1");
            command.truncate(command.len() - usize::from(both));
            assert!(command.first().is_some_and(|word| word == "seamline"), "{place}: cannot run `{line}`");
            let output = seamline(&command[1..]);
            let mut got = String::from_utf8(output.stdout).unwrap();
            if both {
                got.push_str(&String::from_utf8(output.stderr).unwrap());
            }
            let asked = starts.get(index + 1).is_some_and(|&next| block[next].trim_end() == "$ echo $?");
            status = Some(output.status.code().unwrap());
            if !asked && status != Some(0) {
                wrong.push(format!("{place}: `{line}` ended with status {status:?}"));
            }
            got
        };
        let got = lines(&got);
        text.push_str(&joined_lines(&typed));
        // Between two commands of a block an empty line is the writer's.
        let gap = if end < block.len() && block[end - 1].is_empty() { "\n" } else { "" };
        if matches(&wanted, &got) {
            text.push_str(&joined_lines(&wanted));
        } else {
            text.push_str(&joined_lines(&got));
            wrong.push(format!(
                "{place}: `{line}` printed\n{}\nthe page says\n{}\n",
                got.join("\n"),
                wanted.join("\n")
            ));
        }
        text.push_str(gap);
    }
    (text, wrong)
}

/// One scenario of a page, checked.
fn scenario(place: &str, block: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    std::fs::write(&file, block.join("\n")).unwrap();
    let output = seamline(&["check".to_owned(), file.to_str().unwrap().to_owned(), "--quiet".to_owned()]);
    if output.status.success() {
        return Vec::new();
    }
    vec![format!("{place}: the scenario is refused\n{}", String::from_utf8_lossy(&output.stderr))]
}

#[test]
fn every_printed_command_prints_what_the_page_says() {
    let bless = std::env::var_os("SEAMLINE_BLESS").is_some();
    let (mut wrong, mut commands) = (Vec::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let all: Vec<&str> = text.lines().collect();
        let (mut written, mut line) = (String::new(), 0);
        while line < all.len() {
            let fence = all[line].trim_end();
            written.push_str(&joined_lines(&all[line..=line]));
            line += 1;
            if !fence.starts_with("```") {
                continue;
            }
            let place = format!("{}:{line}", page.strip_prefix(root()).unwrap().display());
            let length = all[line..].iter().position(|other| other.trim_end() == "```");
            let end = line + length.unwrap_or_else(|| panic!("{place}: the block has no end"));
            let block = &all[line..end];
            if fence == "```console" {
                let (real, found) = console(&place, block);
                commands += block.iter().filter(|line| line.starts_with("$ seamline")).count();
                written.push_str(&real);
                wrong.extend(found);
            } else {
                if fence == "```json scenario" {
                    wrong.extend(scenario(&place, block));
                }
                written.push_str(&joined_lines(block));
            }
            written.push_str("```\n");
            line = end + 1;
        }
        if bless && written != text {
            std::fs::write(&page, written).unwrap();
        }
    }
    assert!(commands > 10, "only {commands} commands found");
    if bless {
        println!("{}", wrong.join("\n"));
    } else {
        assert!(wrong.is_empty(), "run SEAMLINE_BLESS=1 cargo test --test book_examples\n\n{}", wrong.join("\n"));
    }
}

#[test]
fn dots_stand_for_any_lines() {
    assert!(matches(&["a", "...", "c"], &["a", "b", "b", "c"]));
    assert!(matches(&["..."], &[]));
    assert!(matches(&["a", "...", "c", "..."], &["a", "c"]));
    assert!(!matches(&["a", "...", "c"], &["a", "b"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert_eq!(words("seamline check 'a b' -x ''"), ["seamline", "check", "a b", "-x", ""]);
}

/// The validation page lists every file of tests by its first sentence.
#[test]
fn the_validation_page_lists_every_file_of_tests() {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") {
            files.push((name, path));
        } else if path.join("main.rs").exists() {
            files.push((name, path.join("main.rs")));
        }
    }
    files.sort();
    let mut text = String::from("| `cargo test --test …` | checks |\n|---|---|\n");
    for (name, path) in files {
        let source = std::fs::read_to_string(&path).unwrap();
        let head: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .take_while(|l| !l.is_empty())
            .collect();
        assert!(!head.is_empty(), "{name} does not say what it checks");
        text.extend(["| `", &name, "` | ", &head.join(" ").replace('|', "/"), " |\n"]);
    }
    validation_page::block("files", &text);
}
