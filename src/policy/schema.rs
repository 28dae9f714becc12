//! The words in which policies are written: the built-in schema, or the user's own.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::cedar::{Language, Set};
use super::problem::Problem;
use super::source::{Origin, Source};
use crate::operations;

/// Bytes of a schema, at most.
const SCHEMA_MAX: u64 = 256 << 10;

#[expect(clippy::expect_used, reason = "the schema is in the binary and every test reads it")]
static BUILT_IN: LazyLock<Arc<Language>> =
    LazyLock::new(|| Arc::new(Language::read(operations::SCHEMA).expect("the schema is right")));

/// The built-in schema.
pub fn built_in() -> Arc<Language> {
    Arc::clone(&BUILT_IN)
}

/// The built-in policies as a source.
pub fn default_policies() -> Source {
    let text = operations::POLICIES.to_owned();
    Source { origin: Origin::BuiltIn, name: "default.cedar".into(), text }
}

#[expect(clippy::expect_used, reason = "the policies are in the binary and every test asks them")]
static DEFAULT: LazyLock<Arc<Set>> = LazyLock::new(|| {
    Arc::new(BUILT_IN.compile(&[default_policies()]).expect("the policies are right"))
});

/// The built-in policies, compiled.
pub fn default_set() -> Arc<Set> {
    Arc::clone(&DEFAULT)
}

/// The schema in a file.
pub fn from_file(path: &Path) -> Result<Arc<Language>, Problem> {
    let name = path.display().to_string();
    let wrong = |why: String| Problem::at("", 0, why).of(&name);
    let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if size > SCHEMA_MAX {
        return Err(wrong(format!("it has {size} bytes; a schema has at most {SCHEMA_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Language::read(&text).map(Arc::new).map_err(|problem| problem.of(&name))
}
