//! Shards: merged in any order they are the sweep in one piece; what does not belong together is refused.

use crate::{SWEEP, answered, bytes, refused, seamline, simulated, stands};

#[test]
fn merged_shards_are_the_sweep_in_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let run = ["--engine", "simulation", "--replicates", "4500", "--quiet"];
    let shard = |shard: &str, part: &str, more: &[&str]| {
        let arguments = [&["sweep", "run", SWEEP, "--shard", shard, "-o", part][..], &run, more].concat();
        seamline(here, &arguments)
    };
    answered(&seamline(here, &simulated("whole.sqlite", "4500", &[])));
    // 30 evaluations of three blocks in seven shards: most shards cut an evaluation.
    let parts = ["1.sqlite", "2.sqlite", "3.sqlite", "4.sqlite", "5.sqlite", "6.sqlite", "7.sqlite"];
    for (index, part) in parts.iter().enumerate() {
        answered(&shard(&format!("{}/7", index + 1), part, &[]));
    }
    let merge = |parts: &[&str], more: &[&str]| seamline(here, &[&["sweep", "merge"][..], parts, more].concat());
    let mut shuffled = parts;
    shuffled.swap(0, 5);
    shuffled.swap(2, 3);
    answered(&merge(&shuffled, &["-o", "merged.sqlite"]));
    assert!(bytes(here, "merged.sqlite") == bytes(here, "whole.sqlite"), "the merged file has other bytes");
    // Again over what is there, a part twice, and the whole as its own part: nothing changes.
    answered(&merge(&parts, &["3.sqlite", "-o", "merged.sqlite"]));
    assert!(bytes(here, "merged.sqlite") == bytes(here, "whole.sqlite"));
    answered(&merge(&["merged.sqlite"], &["-o", "merged.sqlite"]));
    assert!(bytes(here, "merged.sqlite") == bytes(here, "whole.sqlite"));
    let before = bytes(here, "4.sqlite");
    answered(&shard("4/7", "4.sqlite", &["--resume"]));
    assert!(bytes(here, "4.sqlite") == before);

    let nowhere = ["-o", "no.sqlite"];
    refused(&merge(&parts[1..], &nowhere), "units 0 to 11 are in no part");
    refused(&merge(&parts[..6], &nowhere), "are in no part");
    refused(&merge(&["1.sqlite", "3.sqlite", "whole.sqlite"], &nowhere), "overlap");
    refused(&shard("5/7", "4.sqlite", &["--resume"]), "is another shard: units 38 to 50");
    refused(&merge(&["there.sqlite"], &nowhere), "cannot open there.sqlite");
    answered(&shard("1/7", "seed.sqlite", &["--seed", "3"]));
    refused(&merge(&["seed.sqlite", "2.sqlite"], &nowhere), "with other arguments");
    answered(&shard("1/7", "set.sqlite", &["--set", "/truth/dropout/hazard=0.001"]));
    refused(&merge(&["set.sqlite", "2.sqlite"], &nowhere), "is of another scenario (sha256");
    refused(&merge(&parts, &["-o", "set.sqlite"]), "is there already, and is of another scenario");
    refused(&shard("8/7", "8.sqlite", &[]), "a shard is K/N");
    let mut left: Vec<&str> = parts.to_vec();
    left.extend(["merged.sqlite", "seed.sqlite", "set.sqlite", "whole.sqlite"]);
    stands(here, &left);
}

#[test]
fn a_plan_says_what_there_is_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let run = ["sweep", "plan", SWEEP, "--engine", "simulation", "--replicates", "4500", "--json"];
    let plan: serde_json::Value = serde_json::from_slice(answered(&seamline(folder.path(), &run))).unwrap();
    assert_eq!((&plan["evaluations"], &plan["units"], &plan["replicates"]), (&30.into(), &90.into(), &135_000.into()));
    assert_eq!(plan["points"].as_array().unwrap().len(), 15);
    assert_eq!(plan["points"][4]["/truths/swept/arms/vaccine/effect/death/hazard_ratio"], 0.6);
    stands(folder.path(), &[]);
}
