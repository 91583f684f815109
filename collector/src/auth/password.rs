//! Passwords: Argon2id hashes in PHC form, and the readable one that a first start prints.

use super::AuthError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use ring::rand::SecureRandom;

/// 32 characters that cannot be mistaken for each other: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
/// Characters of a generated password: 20 × log2(31) is 99 bits.
const GENERATED: usize = 20;

/// Hashes `password` with a fresh salt. Takes about 20 MiB and tens of milliseconds: call it on a blocking thread.
///
/// # Errors
/// [`AuthError::Hash`].
pub fn hash(password: &str) -> Result<String, AuthError> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(AuthError::Hash)
}

/// Whether `password` has that hash. Without a hash (nobody of that name) as much time is spent, and the answer is no.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let Some(parsed) = hash.and_then(|hash| PasswordHash::new(hash).ok()) else {
        // The result does not matter, the time does: names cannot be guessed by how fast a login is refused.
        drop(Argon2::default().hash_password(password.as_bytes()));
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A password that can be read aloud and typed: five groups of four letters and digits, 99 bits.
///
/// # Errors
/// [`AuthError::Random`].
pub fn generate() -> Result<String, AuthError> {
    let random = ring::rand::SystemRandom::new();
    let mut password = String::with_capacity(GENERATED + 4);
    let mut drawn = 0;
    while drawn < GENERATED {
        let mut byte = [0];
        random.fill(&mut byte).map_err(|_| AuthError::Random)?;
        let character = ALPHABET[usize::from(byte[0]) % ALPHABET.len()];
        // The dash only separates; drawing it means drawing again, so that the others stay equally likely.
        if character == b'-' {
            continue;
        }
        if drawn > 0 && drawn % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(character));
        drawn += 1;
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_opens_its_hash() {
        let hash = hash("sungailiat").expect("hashes");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("sungailiat", Some(&hash)));
        assert!(!verify("Sungailiat", Some(&hash)));
        assert!(!verify("sungailiat", Some("not a hash")));
        assert!(!verify("sungailiat", None));
    }

    #[test]
    fn generated_passwords_differ_and_read_well() {
        let (one, two) = (generate().expect("random"), generate().expect("random"));
        assert_ne!(one, two);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [4; 5], "{one}");
        assert!(one.bytes().all(|byte| ALPHABET.contains(&byte)), "{one}");
    }
}
