//! Squarified treemaps: rectangles of given areas, as square as they get (Bruls, Huizing, van Wijk, "Squarified Treemaps",
//! 2000).

/// A rectangle: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// One rectangle for each value, largest value first, which together fill `area`. Values that are not positive get none.
pub(super) fn squarify(values: &[f64], area: Area) -> Vec<Area> {
    let total: f64 = values.iter().sum();
    let mut areas = Vec::with_capacity(values.len());
    if total <= 0.0 || area.width <= 0.0 || area.height <= 0.0 {
        return vec![Area { width: 0.0, height: 0.0, ..area }; values.len()];
    }
    let scale = area.width * area.height / total;
    let values: Vec<f64> = values.iter().map(|value| value.max(0.0) * scale).collect();
    let (mut left, mut start) = (area, 0);
    while start < values.len() {
        let side = left.width.min(left.height);
        let mut end = start + 1;
        while end < values.len() && worst(&values[start..=end], side) <= worst(&values[start..end], side) {
            end += 1;
        }
        left = row(&values[start..end], left, &mut areas);
        start = end;
    }
    areas
}

/// The worst ratio of sides in a row of these areas along a side of that length.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let of = |area: &f64| {
        let ratio = side * side * area / (sum * sum);
        ratio.max(1.0 / ratio)
    };
    row.iter().map(of).fold(0.0, f64::max)
}

/// Lays a row along the shorter side; what is left.
fn row(values: &[f64], left: Area, areas: &mut Vec<Area>) -> Area {
    let sum: f64 = values.iter().sum();
    if left.width >= left.height {
        let width = if left.height > 0.0 { (sum / left.height).min(left.width) } else { 0.0 };
        let mut y = left.y;
        for value in values {
            let height = if width > 0.0 { value / width } else { 0.0 };
            areas.push(Area { x: left.x, y, width, height });
            y += height;
        }
        Area { x: left.x + width, width: left.width - width, ..left }
    } else {
        let height = if left.width > 0.0 { (sum / left.width).min(left.height) } else { 0.0 };
        let mut x = left.x;
        for value in values {
            let width = if height > 0.0 { value / height } else { 0.0 };
            areas.push(Area { x, y: left.y, width, height });
            x += width;
        }
        Area { y: left.y + height, height: left.height - height, ..left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper.
    #[test]
    fn the_papers_example_comes_out_as_printed() {
        let areas =
            squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], Area { x: 0.0, y: 0.0, width: 6.0, height: 4.0 });
        let shown: Vec<String> = areas
            .iter()
            .map(|area| format!("{:.2} {:.2} {:.2} {:.2}", area.x, area.y, area.width, area.height))
            .collect();
        assert_eq!(
            shown,
            [
                "0.00 0.00 3.00 2.00",
                "0.00 2.00 3.00 2.00",
                "3.00 0.00 1.71 2.33",
                "4.71 0.00 1.29 2.33",
                "3.00 2.33 1.20 1.67",
                "4.20 2.33 1.20 1.67",
                "5.40 2.33 0.60 1.67"
            ]
        );
    }

    #[test]
    fn nothing_and_nowhere_are_harmless() {
        let area = Area { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
        assert!(squarify(&[], area).is_empty());
        assert_eq!(squarify(&[0.0, 0.0], area).len(), 2);
        assert_eq!(squarify(&[1.0], Area { width: 0.0, ..area }).len(), 1);
        assert!(
            squarify(&[5.0, 0.0], area).iter().all(|area| area.width.is_finite() && area.height.is_finite())
        );
    }
}
