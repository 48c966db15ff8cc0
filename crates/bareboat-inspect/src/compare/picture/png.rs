//! A picture as PNG (W3C, third edition): sixteen colours, and nothing but the needed chunks.

use libdeflater::{CompressionLvl, Compressor};

use super::{Candidate, Picture, Role, Shape, Theme, font, layout};

/// Steps from background to full colour: so few that sixteen colours, half a byte, are enough.
const STEPS: u8 = 2;
/// A README wants no more bytes.
const MOST_BYTES: usize = 10_000;

/// Pixels of the file for two of the layout.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Scale(u32);

impl Scale {
    /// For sharp screens.
    const FINE: Self = Self(3);
    /// Where the finer one has too many bytes.
    const PLAIN: Self = Self(2);

    const fn pixels(self, length: u32) -> u32 {
        length * self.0 / 2
    }

    /// A step of the font's grid: whole pixels, where they are fine enough, so that strokes are sharp.
    fn unit(self, size: u32) -> f32 {
        let unit = font::unit(size) * self.0 as f32 / 2.0;
        if self == Self::FINE { unit.round() } else { unit }
    }
}

/// The picture as a file, as sharp as ten thousand bytes allow.
pub fn png(candidates: &[Candidate], theme: Theme) -> Vec<u8> {
    let picture = layout(candidates);
    let drawn = |scale: Scale| {
        let mut canvas = Canvas::new(scale.pixels(picture.width), scale.pixels(picture.height));
        draw(&picture, &mut canvas, scale);
        canvas.file(theme == Theme::Dark)
    };
    let fine = drawn(Scale::FINE);
    if fine.len() < MOST_BYTES { fine } else { drawn(Scale::PLAIN) }
}

fn draw(picture: &Picture, canvas: &mut Canvas, scale: Scale) {
    for shape in &picture.shapes {
        match shape {
            Shape::Bar { x, y, width, height, role } => {
                canvas.fill([*x, *y, *width, *height].map(|length| scale.pixels(length)), *role);
            }
            Shape::Box { x, y, width, height, role } => {
                let [x, y, width, height] = [*x, *y, *width, *height].map(|length| scale.pixels(length));
                let line = 2;
                canvas.fill([x, y, width, line], *role);
                canvas.fill([x, y + height - line, width, line], *role);
                canvas.fill([x, y, line.min(width), height], *role);
                canvas.fill([(x + width).saturating_sub(line), y, line.min(width), height], *role);
            }
            Shape::Stroke { points, role } => {
                let scaled = |(x, y): &(u32, u32)| (scale.pixels(*x) as f32, scale.pixels(*y) as f32);
                let points: Vec<(f32, f32)> = points.iter().map(scaled).collect();
                let radius = if *role == Role::Line { 0.5 } else { 1.2 };
                canvas.stroke(&points, radius, *role);
            }
            Shape::Text { .. } => write(shape, canvas, scale),
        }
    }
}

fn write(shape: &Shape, canvas: &mut Canvas, scale: Scale) {
    let Shape::Text { x, y, size, is_bold, role, text } = shape else { return };
    let unit = scale.unit(*size);
    let radius = if *is_bold { 1.0 } else { 0.75 };
    let mut pen = scale.pixels(*x) as f32;
    let top = (scale.pixels(*y) as f32 - 6.0 * unit).round();
    for character in text.chars() {
        // Whole bytes: the same letter has the same ones wherever it stands.
        let left = (pen / 2.0).round() * 2.0;
        for line in font::lines(character) {
            let placed = |(x, y): (f32, f32)| (left + x * unit + 1.0, top + y * unit);
            let points: Vec<(f32, f32)> = line.into_iter().map(placed).collect();
            canvas.stroke(&points, radius, *role);
        }
        pen += font::advance(character) * unit;
    }
}

/// Pixels as numbers of the palette: 0 is the background, then each role in its steps.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, pixels: vec![0; width * height] }
    }

    /// Paints where more of the colour is than there was.
    fn paint(&mut self, x: usize, y: usize, role: Role, step: u8) {
        let role = Role::ALL.iter().position(|known| *known == role).unwrap_or_default();
        let index = (role as u8).saturating_sub(1) * STEPS + step;
        let Some(pixel) = self.pixels.get_mut(y * self.width + x).filter(|_| x < self.width && step > 0)
        else {
            return;
        };
        let is_same_role = *pixel > 0 && (*pixel - 1) / STEPS == (index - 1) / STEPS;
        *pixel = if is_same_role { index.max(*pixel) } else { index };
    }

    fn fill(&mut self, [x, y, width, height]: [u32; 4], role: Role) {
        for row in y..y + height {
            for column in x..x + width {
                self.paint(column as usize, row as usize, role, STEPS);
            }
        }
    }

    /// A line of round ends through points; one point is a dot.
    fn stroke(&mut self, points: &[(f32, f32)], radius: f32, role: Role) {
        let first = points.first().copied();
        let pairs = points.windows(2).map(|pair| (pair[0], pair[1]));
        let dot = first.filter(|_| points.len() == 1).map(|point| (point, point));
        let pairs: Vec<_> = pairs.chain(dot).collect();
        // A dot of the pen's own width would not be seen beside a line.
        let radius = if points.iter().all(|point| Some(*point) == first) { radius * 1.5 } else { radius };
        for (from, to) in pairs {
            self.segment(from, to, radius, role);
        }
    }

    fn segment(&mut self, from: (f32, f32), to: (f32, f32), radius: f32, role: Role) {
        let reach = radius + 1.0;
        let low = |a: f32, b: f32| (a.min(b) - reach).floor().max(0.0) as usize;
        let high = |a: f32, b: f32, most: usize| ((a.max(b) + reach).ceil().max(0.0) as usize).min(most);
        for y in low(from.1, to.1)..high(from.1, to.1, self.height) {
            for x in low(from.0, to.0)..high(from.0, to.0, self.width) {
                let distance = distance((x as f32 + 0.5, y as f32 + 0.5), from, to);
                let covered = (radius + 0.5 - distance).clamp(0.0, 1.0);
                self.paint(x, y, role, (covered * f32::from(STEPS)).round() as u8);
            }
        }
    }

    fn file(&self, is_dark: bool) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = Vec::new();
        header.extend((self.width as u32).to_be_bytes());
        header.extend((self.height as u32).to_be_bytes());
        // Four bits, a palette, deflate, filters by line, not interlaced.
        header.extend([4, 3, 0, 0, 0]);
        chunk(&mut file, b"IHDR", &header);
        chunk(&mut file, b"PLTE", &palette(is_dark));
        // No filter: neighbours in a palette mean nothing to each other.
        let packed = |pair: &[u8]| pair[0] << 4 | pair.get(1).copied().unwrap_or_default();
        let mut data = Vec::new();
        for line in self.pixels.chunks(self.width) {
            data.push(0);
            data.extend(line.chunks(2).map(packed));
        }
        let mut compressor = Compressor::new(CompressionLvl::best());
        let mut packed = vec![0; compressor.zlib_compress_bound(data.len())];
        let length =
            compressor.zlib_compress(&data, &mut packed).expect("the buffer is as large as the bound");
        chunk(&mut file, b"IDAT", &packed[..length]);
        chunk(&mut file, b"IEND", &[]);
        file
    }
}

/// How far a point is from the line between two others.
fn distance(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x * x + y * y;
    let along = if length == 0.0 { 0.0 } else { ((point.0 - from.0) * x + (point.1 - from.1) * y) / length };
    let along = along.clamp(0.0, 1.0);
    let (x, y) = (point.0 - from.0 - along * x, point.1 - from.1 - along * y);
    // Square roots are exact by IEEE 754, on every machine.
    (x * x + y * y).sqrt()
}

/// The background, then every role from a little to full.
fn palette(is_dark: bool) -> Vec<u8> {
    let background = Role::Background.color(is_dark);
    let mut palette = background.to_vec();
    for role in Role::ALL.into_iter().skip(1) {
        let color = role.color(is_dark);
        for step in 1..=u16::from(STEPS) {
            let mix = |(back, front): (u8, u8)| {
                let sum = u16::from(back) * (u16::from(STEPS) - step) + u16::from(front) * step;
                u8::try_from(sum / u16::from(STEPS)).unwrap_or(u8::MAX)
            };
            palette.extend(background.into_iter().zip(color).map(mix));
        }
    }
    palette
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    file.extend(crc32fast::hash(&file[start..]).to_be_bytes());
}
