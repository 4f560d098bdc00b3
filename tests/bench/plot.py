"""One plot as SVG text: lines over an axis that begins at 0, dots where something was measured."""
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 40, 56
COLOURS = ("#1f5fa8", "#b5482a", "#3c7d3c", "#6b4c9a")


def ticks(most, about=5):
    """Round numbers from 0 to at least `most`."""
    step = 1.0
    while most / step > about:
        for factor in (2, 2.5, 2):  # 1 2 5 10
            step *= factor
            if most / step <= about:
                break
    values = [0.0]
    while values[-1] < most:
        values.append(values[-1] + step)
    return values


def plot(x_name, y_name, lines):
    """`lines`: {name: [(x, y), ...]}, all numbers 0 or more."""
    xs = ticks(max(x for points in lines.values() for x, _ in points))
    ys = ticks(max(y for points in lines.values() for _, y in points))

    def at(x, y):
        return (LEFT + (WIDTH - LEFT - RIGHT) * x / (xs[-1] or 1),
                HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / (ys[-1] or 1))

    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for y in ys:
        _, height = at(0, y)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}" '
                   'stroke="#ddd"/>')
        out.append(text(LEFT - 8, height + 4, f"{y:g}", "end"))
    for x in xs:
        out.append(text(at(x, 0)[0], HEIGHT - BOTTOM + 18, f"{x:g}"))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_name))
    out.append(text(0, 0, y_name, more=f'transform="translate(16 {HEIGHT / 2}) rotate(-90)"'))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [at(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        out.append(text(LEFT + 4 + 260 * number, TOP - 14, name, "start", f'fill="{colour}"'))
    return "\n".join([*out, "</svg>"]) + "\n"
