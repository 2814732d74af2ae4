//! The file format: what it means, what it refuses, and that nothing makes it panic.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod bounds;
mod examples;
mod forms;
mod later;
mod mutations;
mod patches;
mod protocol;
mod schema;
mod statistics;
mod wrong_files;
