//! Rectangles in frame pixels, and the area for text.

/// A rectangle in frame pixels. `x1` and `y1` are exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// The left edge.
    pub x0: f32,
    /// The top edge.
    pub y0: f32,
    /// The right edge.
    pub x1: f32,
    /// The bottom edge.
    pub y1: f32,
}

impl Default for Rect {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Rect {
    /// Creates a rectangle from its edges.
    pub const fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// The empty rectangle, which is the neutral element of [`Rect::union`].
    pub const EMPTY: Self =
        Self::new(f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY);

    /// Returns the width, never negative.
    pub fn width(&self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Returns the height, never negative.
    pub fn height(&self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Returns true if the area of the rectangle is zero.
    pub fn is_empty(&self) -> bool {
        self.x1 <= self.x0 || self.y1 <= self.y0
    }

    /// Returns the smallest rectangle that contains both rectangles.
    pub fn union(&self, other: &Self) -> Self {
        Self::new(
            self.x0.min(other.x0),
            self.y0.min(other.y0),
            self.x1.max(other.x1),
            self.y1.max(other.y1),
        )
    }

    /// Returns true if `other` is inside the rectangle, with `slack` pixels of tolerance.
    pub fn contains(&self, other: &Self, slack: f32) -> bool {
        other.x0 >= self.x0 - slack
            && other.y0 >= self.y0 - slack
            && other.x1 <= self.x1 + slack
            && other.y1 <= self.y1 + slack
    }

    /// Returns the rectangle moved by an offset.
    pub fn shifted(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)
    }

    /// Returns the rectangle enlarged by `dx` on the left and right, and by `dy` at the top and bottom.
    pub fn grown(&self, dx: f32, dy: f32) -> Self {
        Self::new(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)
    }

    /// Returns the rectangle with every edge multiplied by `k`.
    pub fn scaled(&self, k: f32) -> Self {
        Self::new(self.x0 * k, self.y0 * k, self.x1 * k, self.y1 * k)
    }
}

/// The area for text in a frame, with the axis for centred text, in frame pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SafeRect {
    /// The rectangle that contains all content.
    pub rect: Rect,
    /// The x coordinate of the captions' centre.
    pub centre_x: f32,
}

impl SafeRect {
    /// An area that suits every platform, in a 1080x1920 frame.
    pub const UNIVERSAL: Self =
        Self { rect: Rect::new(120.0, 288.0, 888.0, 1248.0), centre_x: 540.0 };
    /// The `UNIVERSAL` area without the right part that a rail of buttons covers.
    pub const NARROW: Self = Self { rect: Rect::new(120.0, 288.0, 780.0, 1248.0), centre_x: 450.0 };

    /// Returns the width of the widest block that is centred on `centre_x` and stays inside the rectangle.
    pub fn centred_width(&self) -> f32 {
        2.0 * (self.centre_x - self.rect.x0).min(self.rect.x1 - self.centre_x).max(0.0)
    }

    /// Returns the same area for a frame whose sides are `k` times as long.
    pub fn scaled(&self, k: f32) -> Self {
        Self { rect: self.rect.scaled(k), centre_x: self.centre_x * k }
    }
}
