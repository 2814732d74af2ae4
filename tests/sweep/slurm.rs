//! `sweep submit`: the scripts of the job array and of the merge, run here in place of Slurm.

use crate::{SWEEP, answered, bytes, refused};
use std::path::Path;
use std::process::{Command, Output};

/// Runs the command with a folder of programs in front of all others.
fn with_programs(folder: &Path, programs: &Path, arguments: &[&str]) -> Output {
    let path = format!("{}:/usr/bin:/bin", programs.display());
    Command::new(env!("CARGO_BIN_EXE_seamline")).current_dir(folder).env("PATH", path).args(arguments).output().unwrap()
}

/// An sbatch that writes down what it is given and answers as `answers` says.
fn stand_in(programs: &Path, answers: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(programs).unwrap();
    let file = programs.join("sbatch");
    std::fs::write(&file, format!("#!/bin/sh\necho \"$@\" >> \"$0.log\"\n{answers}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn script(folder: &Path, name: &str, task: Option<u32>) {
    let mut command = Command::new("bash");
    command.arg(folder.join("out's.sqlite.job").join(name));
    if let Some(task) = task {
        command.env("SLURM_ARRAY_TASK_ID", task.to_string());
    }
    answered(&command.output().unwrap());
}

#[cfg(unix)]
#[test]
fn the_jobs_make_the_store_of_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sets = [
        "--set",
        "/run/engine=simulation",
        "--set",
        "/title=a sweep's \"title\"",
        "--replicates",
        "2100",
        "--seed",
        "9",
    ];
    let submit = |more: &[&'static str]| {
        [&["sweep", "submit", SWEEP, "--engine", "slurm", "--shards", "3", "-o", "out's.sqlite"][..], &sets, more]
            .concat()
    };
    let programs = here.join("programs");
    stand_in(&programs, "echo \"4$(wc -l < \"$0.log\")\"");
    let output = with_programs(here, &programs, &submit(&["--cpus", "2", "--sbatch=--partition=long"]));
    let said = String::from_utf8(answered(&output).to_vec()).unwrap();
    assert!(said.contains("60 units in 3 shards"), "{said}");
    assert!(said.contains("submitted: job array 41, then the merge 42"), "{said}");
    let job = here.join("out's.sqlite.job");
    let asked = std::fs::read_to_string(programs.join("sbatch.log")).unwrap();
    let name = |script: &str| job.join(script).display().to_string();
    let wanted = [
        format!("--parsable {}", name("array.sh")),
        format!("--parsable --kill-on-invalid-dep=yes --dependency=afterok:41 {}", name("merge.sh")),
    ];
    assert_eq!(asked.lines().collect::<Vec<_>>(), wanted);
    let text = std::fs::read_to_string(job.join("array.sh")).unwrap();
    for line in ["--array=1-3", "--cpus-per-task=2", "--requeue", "--partition=long"] {
        assert!(text.contains(&format!("\n#SBATCH {line}\n")), "no {line} in\n{text}");
    }
    // The tasks in any order, one of them twice, then the merge.
    for task in [3, 1, 2, 1] {
        script(here, "array.sh", Some(task));
    }
    script(here, "merge.sh", None);
    let alone = [&["sweep", SWEEP, "-o", "alone.sqlite", "--quiet"][..], &sets].concat();
    answered(&crate::seamline(here, &alone));
    assert!(bytes(here, "out's.sqlite") == bytes(here, "alone.sqlite"), "the merged jobs have other bytes");

    // Without sbatch the scripts are written and it is said how to submit them.
    std::fs::remove_file(programs.join("sbatch")).unwrap();
    let output = with_programs(here, &programs, &submit(&["--dry-run"]));
    assert!(String::from_utf8_lossy(answered(&output)).contains("sbatch --dependency=afterok:$job"));
    // An sbatch that refuses is quoted; another scenario does not overwrite these jobs; options are options.
    stand_in(&programs, "echo 'invalid account' >&2; exit 1");
    refused(&with_programs(here, &programs, &submit(&[])), "invalid account");
    refused(&with_programs(here, &programs, &submit(&["--sbatch=long"])), "takes an option of sbatch");
    let mut other = submit(&[]);
    let melanoma = std::fs::read_to_string(SWEEP).unwrap().replace("\"patients\": 500", "\"patients\": 501");
    std::fs::write(here.join("other.json"), melanoma).unwrap();
    other[2] = "other.json";
    refused(&with_programs(here, &programs, &other), "holds the jobs of another scenario");
}
