//! seamline
fn main() {}
