//! Judges a file of questions, one to a line, without a daemon.
//!
//! - As many lines go out as came in, in their order.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write as _};
use std::path::Path;

use crate::cli::Trouble;
use crate::guardrails::batch_line;

/// Longest line that is read whole, in bytes; the engine gives up far earlier.
const LINE_MAX: u64 = 16 << 20;

/// Answers every line of `file` on standard output.
///
/// # Errors
/// When it cannot be read, or nobody reads the answers.
pub fn run(file: &Path) -> Result<(), Trouble> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| Trouble::Usage {
            message: format!("{} cannot be read: {error}", file.display()),
            hint: "name a file with one JSON object on each line, or - for standard input".into(),
        })?)
    };
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut input).take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(output.flush()?);
        }
        if line.last() != Some(&b'\n') {
            skip_rest(&mut input)?;
        }
        // What is no text is no question; a replaced byte changes no other one.
        let text = String::from_utf8_lossy(&line);
        writeln!(output, "{}", batch_line(text.trim_end_matches(['\n', '\r'])))?;
    }
}

/// The rest of a line that was too long, which is one question all the same.
fn skip_rest(input: &mut BufReader<Box<dyn Read>>) -> io::Result<()> {
    let mut rest = Vec::new();
    while (&mut *input).take(LINE_MAX).read_until(b'\n', &mut rest)? > 0 {
        if rest.last() == Some(&b'\n') {
            break;
        }
        rest.clear();
    }
    Ok(())
}
