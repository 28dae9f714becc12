//! Sets of words that are made when the engine is compiled: one look-up, nothing to build.
//!
//! - The words stand in one text, divided by blanks; twice is as good as once.
//! - Hashing is FNV-1a (Fowler, Noll, Vo), with linear probing.
//!
//! Not here: the tables of programs (`programs::index`).

/// A set of words. `N` is a power of two, at least twice as many as there are words.
pub struct Words<const N: usize> {
    text: &'static str,
    /// Where a word begins and how long it is; length 0 is a free place.
    slots: [(u16, u16); N],
}

impl<const N: usize> Words<N> {
    /// The words of a text.
    ///
    /// # Panics
    /// When the engine is compiled, if there are too many words.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        assert!(N.is_power_of_two() && text.len() < 1 << 16, "a set of words has no room");
        let mut slots = [(0, 0); N];
        let mut rest = Blanks::new(text);
        let mut free = N / 2 + N / 4;
        while let Some((start, length)) = rest.next() {
            let (_, word) = text.as_bytes().split_at(start);
            let (word, _) = word.split_at(length);
            let mut at = hash(word) as usize & (N - 1);
            while slots[at].1 != 0 {
                at = (at + 1) & (N - 1);
            }
            #[expect(clippy::cast_possible_truncation, reason = "the text is shorter than 64 kB")]
            let slot = (start as u16, length as u16);
            slots[at] = slot;
            free = free.checked_sub(1).expect("a set of words is made with more room");
        }
        Self { text, slots }
    }

    /// Whether a word is in the set.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        let mut at = hash(word.as_bytes()) as usize & (N - 1);
        loop {
            let (start, length) = (usize::from(self.slots[at].0), usize::from(self.slots[at].1));
            if length == 0 {
                return false;
            }
            if length == word.len()
                && self.text.as_bytes()[start..start + length] == *word.as_bytes()
            {
                return true;
            }
            at = (at + 1) & (N - 1);
        }
    }
}

/// Walks over the words of a text, also when the engine is compiled.
pub struct Blanks {
    text: &'static [u8],
    at: usize,
}

impl Blanks {
    /// At the text's start.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    /// Where the next word starts, and its length.
    pub const fn next(&mut self) -> Option<(usize, usize)> {
        while self.at < self.text.len() && self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        let start = self.at;
        while self.at < self.text.len() && !self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        if self.at > start { Some((start, self.at - start)) } else { None }
    }
}

/// The FNV-1a hash of a word.
#[must_use]
pub const fn hash(word: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < word.len() {
        hash = (hash ^ word[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn a_set_holds_its_words_and_no_others() {
        static SET: Words<8> = Words::new("  one two   three\n four ");
        assert!(["one", "two", "three", "four"].iter().all(|word| SET.contains(word)));
        assert!(!["", "on", "one two", "five", " "].iter().any(|word| SET.contains(word)));
    }
}
