//! One binary with one file for each subject.

mod repo;
