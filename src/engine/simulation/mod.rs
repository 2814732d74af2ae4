//! stub
pub mod random;
