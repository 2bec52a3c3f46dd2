//! Temporary passwords that meet a pool's policy.

use zeroize::Zeroizing;

use crate::mac::hmac_sha256;

// Without the look-alikes 0 O 1 l I, which people misread, and without what mail templates would have to escape.
const UPPERCASE: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWERCASE: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
const SYMBOLS: &[u8] = b"!@#$%^*()_-+=[]{}?.,:;~|";

/// Characters of the shortest password made, whatever less a policy asks: 12 of them carry some 70 bits.
const SHORTEST: usize = 12;

/// What a pool's password policy asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// PasswordPolicy's MinimumLength: characters, 6 to 99.
    pub minimum_length: usize,
    pub uppercase: bool,
    pub lowercase: bool,
    pub digits: bool,
    pub symbols: bool,
}

/// A password with at least one character of each required class, the rest drawn evenly from letters, digits and (where
/// required) symbols, in random order, without spaces. A pure function of its 32 random bytes.
pub fn generate(random: [u8; 32], requirements: &Requirements) -> Zeroizing<String> {
    let mut draws = Draws::new(random);
    let classes = [
        (requirements.uppercase, UPPERCASE),
        (requirements.lowercase, LOWERCASE),
        (requirements.digits, DIGITS),
        (requirements.symbols, SYMBOLS),
    ];
    let required = classes.iter().filter(|(required, _)| *required);
    let length = requirements.minimum_length.max(SHORTEST);
    let mut password = Zeroizing::new(Vec::with_capacity(length));
    password.extend(required.map(|(_, class)| draws.pick(class)));

    let symbols = if requirements.symbols { SYMBOLS } else { b"" };
    let everything = [UPPERCASE, LOWERCASE, DIGITS, symbols].concat();
    while password.len() < length {
        password.push(draws.pick(&everything));
    }
    // Fisher and Yates: without it the classes would stand in order at the front.
    for last in (1..password.len()).rev() {
        password.swap(last, draws.below(last + 1));
    }
    Zeroizing::new(password.iter().copied().map(char::from).collect())
}

/// An endless sequence of even draws: HMAC in counter mode over the random bytes.
struct Draws {
    key: Zeroizing<[u8; 32]>,
    block: Zeroizing<[u8; 32]>,
    taken: usize,
    counter: u32,
}

impl Draws {
    fn new(random: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(random), block: Zeroizing::new([0; 32]), taken: 32, counter: 0 }
    }

    fn byte(&mut self) -> usize {
        if self.taken == self.block.len() {
            *self.block = hmac_sha256(self.key.as_slice(), &[b"temporary password", &self.counter.to_be_bytes()]);
            self.counter += 1;
            self.taken = 0;
        }
        self.taken += 1;
        usize::from(self.block[self.taken - 1])
    }

    /// An even draw from `0..bound`, for bounds up to 256: bytes above the last whole multiple are drawn again.
    fn below(&mut self, bound: usize) -> usize {
        let even = 256 - 256 % bound;
        loop {
            let byte = self.byte();
            if byte < even {
                return byte % bound;
            }
        }
    }

    fn pick(&mut self, class: &[u8]) -> u8 {
        class[self.below(class.len())]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_policy_is_met(
            random in any::<[u8; 32]>(), minimum_length in 0usize..=99,
            uppercase: bool, lowercase: bool, digits: bool, symbols: bool,
        ) {
            let requirements = Requirements { minimum_length, uppercase, lowercase, digits, symbols };
            let password = generate(random, &requirements);
            prop_assert_eq!(password.len(), minimum_length.max(12));
            prop_assert!(password.bytes().all(|c| c.is_ascii_graphic()));
            let has = |class: &[u8]| password.bytes().any(|c| class.contains(&c));
            prop_assert!(!uppercase || has(UPPERCASE));
            prop_assert!(!lowercase || has(LOWERCASE));
            prop_assert!(!digits || has(DIGITS));
            prop_assert!(has(SYMBOLS) == symbols);
            prop_assert_eq!(&generate(random, &requirements), &password);
        }
    }

    #[test]
    fn each_place_takes_each_class() {
        let requirements =
            Requirements { minimum_length: 8, uppercase: true, lowercase: true, digits: true, symbols: true };
        let mut seen = [[false; 4]; 12];
        for seed in 0..200u8 {
            for (place, character) in generate([seed; 32], &requirements).bytes().enumerate() {
                let class = [UPPERCASE, LOWERCASE, DIGITS, SYMBOLS].iter().position(|class| class.contains(&character));
                seen[place][class.unwrap()] = true;
            }
        }
        assert_eq!(seen, [[true; 4]; 12]);
    }

    #[test]
    fn draws_are_even() {
        let mut draws = Draws::new([1; 32]);
        let mut counts = [0u32; 24];
        for _ in 0..24_000 {
            counts[draws.below(24)] += 1;
        }
        // Five standard deviations around 1,000; the sequence is fixed, so this never flickers.
        assert!(counts.iter().all(|count| (845..1155).contains(count)), "{counts:?}");
    }
}
