//! A small font of strokes, drawn for this project: enough for names and numbers in a PNG, the same on every machine.
//!
//! A letter is lines through points of a grid: `x` to the right, `y` down from the top of a capital, whose foot is at 6;
//! small letters begin at 2, tails end at 8. Two digits are a point, a space lifts the pen, one point is a dot.

/// The width of a text in pixels, about what a sans-serif of that size takes.
pub(super) fn width(text: &str, size: u32) -> u32 {
    let units: f32 = text.chars().map(advance).sum();
    (units * unit(size)).ceil() as u32
}

/// How far the pen moves for a character, in units of the grid.
pub(super) fn advance(character: char) -> f32 {
    let (width, _) = glyph(character);
    f32::from(width) + 2.0
}

/// Pixels of one step of the grid: a capital is seven tenths of the size high, and never too small to be read.
pub(super) fn unit(size: u32) -> f32 {
    (size as f32 * 0.7 / 6.0).max(4.0 / 3.0)
}

/// The lines of a character.
pub(super) fn lines(character: char) -> impl Iterator<Item = Vec<(f32, f32)>> {
    let digit = |byte: u8| f32::from(byte - b'0');
    let points =
        move |line: &str| line.as_bytes().chunks(2).map(|pair| (digit(pair[0]), digit(pair[1]))).collect();
    glyph(character).1.split(' ').filter(|line| !line.is_empty()).map(points)
}

/// Width and lines.
fn glyph(character: char) -> (u8, &'static str) {
    let index = GLYPHS.binary_search_by_key(&character, |(known, ..)| *known);
    index.map_or(UNKNOWN, |index| (GLYPHS[index].1, GLYPHS[index].2))
}

const UNKNOWN: (u8, &str) = (3, "0030360600");

/// In the order of code points.
const GLYPHS: &[(char, u8, &str)] = &[
    (' ', 1, ""),
    ('!', 0, "0004 0606"),
    ('"', 2, "0002 2022"),
    ('#', 3, "1006 3026 0232 0434"),
    ('%', 4, "4006 0010110100 3545463635"),
    ('&', 4, "4614011020311405162644"),
    ('\'', 0, "0002"),
    ('(', 1, "10020517"),
    (')', 1, "00121507"),
    ('*', 2, "1013 0023 2003"),
    ('+', 2, "1315 0424"),
    (',', 1, "1607"),
    ('-', 2, "0424"),
    ('.', 0, "0606"),
    ('/', 3, "3006"),
    ('0', 3, "102031352616050110"),
    ('1', 3, "112026 1636"),
    ('2', 3, "01102031320636"),
    ('3', 3, "01102031322313 233435261605"),
    ('4', 3, "200434 2226"),
    ('5', 3, "300003233435261605"),
    ('6', 3, "20100105162635342303"),
    ('7', 3, "003016"),
    ('8', 3, "102031322313020110 2334352616050413"),
    ('9', 3, "33130201102031352616"),
    (':', 0, "0303 0606"),
    (';', 1, "1313 1607"),
    ('<', 2, "220426"),
    ('=', 2, "0323 0525"),
    ('>', 2, "022406"),
    ('?', 3, "01102031321314 1616"),
    ('@', 4, "35151333354541301001051646"),
    ('A', 4, "062046 1434"),
    ('B', 4, "06003041423303 3344453606"),
    ('C', 4, "4130100105163645"),
    ('D', 4, "06003041453606"),
    ('E', 3, "30000636 0323"),
    ('F', 3, "300006 0323"),
    ('G', 4, "4130100105163645 454323"),
    ('H', 4, "0006 4046 0343"),
    ('I', 2, "0020 1016 0626"),
    ('J', 3, "3035261605"),
    ('K', 4, "0006 4004 1346"),
    ('L', 3, "000636"),
    ('M', 4, "0600234046"),
    ('N', 4, "06004640"),
    ('O', 4, "103041453616050110"),
    ('P', 4, "06003041423303"),
    ('Q', 4, "103041453616050110 3446"),
    ('R', 4, "06003041423303 2346"),
    ('S', 4, "413010010213334445361605"),
    ('T', 4, "0040 2026"),
    ('U', 4, "000516364540"),
    ('V', 4, "002640"),
    ('W', 4, "0016233640"),
    ('X', 4, "0046 4006"),
    ('Y', 4, "002340 2326"),
    ('Z', 4, "00400646"),
    ('[', 1, "10000717"),
    ('\\', 3, "0036"),
    (']', 1, "00101707"),
    ('_', 3, "0737"),
    ('a', 3, "12223336 341405162635"),
    ('b', 3, "0006 0312223335261605"),
    ('c', 3, "3322120305162635"),
    ('d', 3, "3036 3322120305162635"),
    ('e', 3, "04343322120305162635"),
    ('f', 2, "201116 0222"),
    ('g', 3, "3322120305162635 3237281807"),
    ('h', 3, "0006 0312223336"),
    ('i', 0, "0206 0000"),
    ('j', 1, "121708 1010"),
    ('k', 3, "0006 3205 1436"),
    ('l', 1, "000516"),
    ('m', 4, "0206 03122326 23324346"),
    ('n', 3, "0206 0312223336"),
    ('o', 3, "122233352616050312"),
    ('p', 3, "0208 0312223335261605"),
    ('q', 3, "3238 3322120305162635"),
    ('r', 2, "0206 031222"),
    ('s', 3, "33221203142435261605"),
    ('t', 2, "101526 0222"),
    ('u', 3, "0205162635 3236"),
    ('v', 4, "022642"),
    ('w', 4, "0216233642"),
    ('x', 3, "0236 3206"),
    ('y', 4, "0226 4218"),
    ('z', 3, "02320636"),
    ('·', 0, "0404"),
    ('…', 4, "0606 2626 4646"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_found_and_stays_on_its_grid() {
        assert!(GLYPHS.is_sorted_by(|a, b| a.0 < b.0));
        for (character, width, _) in GLYPHS {
            for (x, y) in lines(*character).flatten() {
                assert!(x <= f32::from(*width) && y <= 8.0, "{character}");
            }
        }
        for name in ["registry.example:5000/team/App_1-2@sha256:0123456789", "ÄÖ"] {
            assert!(width(name, 12) > 10);
        }
    }
}
