//! The file format: what it means, what it refuses, and that nothing makes it panic.

mod bounds;
mod examples;
mod forms;
mod mutations;
mod patches;
mod protocol;
mod schema;
mod wrong_files;
