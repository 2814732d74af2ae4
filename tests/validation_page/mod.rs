//! The generated blocks of the book's validation page: each test that checks something writes what it checked, and compares it with
//! what stands there; `SEAMLINE_BLESS=1` writes it anew.

use std::path::Path;

/// Compares a block of the page with `text`, or writes it.
pub fn block(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src/validation.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let from = page.find(&begin).unwrap_or_else(|| panic!("validation.md has no block {name}")) + begin.len();
    let to = from + page[from..].find(&end).unwrap();
    if std::env::var_os("SEAMLINE_BLESS").is_some() {
        std::fs::write(&path, format!("{}{text}{}", &page[..from], &page[to..])).unwrap();
    } else {
        assert_eq!(&page[from..to], text, "book/src/validation.md is out of date: SEAMLINE_BLESS=1 writes it anew");
    }
}
