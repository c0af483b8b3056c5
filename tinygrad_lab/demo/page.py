"""The demo's report: one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import platform
import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from .train import SIZES, Run

_CSS = """
:root { color-scheme: light; }
body { font: 16px/1.55 Georgia, "Times New Roman", serif; color: #1b1b1b; background: #fff;
  max-width: 60rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1, h2, th, td, figcaption, .note { font-family: Helvetica, Arial, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin-bottom: .4rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
.lede { font-size: 1.08rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .9rem; }
th, td { padding: .35rem .8rem; text-align: right; font-variant-numeric: tabular-nums; }
th { font-weight: 600; border-bottom: 1.5px solid #444; vertical-align: bottom; }
td { border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
th.text, td.text { text-align: left; }
figure { margin: 1rem 0 1.6rem; break-inside: avoid; }
figure img, figure svg { width: 100%; height: auto; display: block; margin: auto; }
.wide { overflow-x: auto; }
@media (max-width: 40rem) { .wide img, .wide svg { min-width: 38rem; } }
figcaption { font-size: .85rem; line-height: 1.45; color: #333; margin-top: .5rem; }
math[display=block] { margin: .9rem 0; font-size: 1.12rem; overflow-x: auto; max-width: 100%; }
code { font-size: .88em; }
.key { padding: 0 .3em; border: 1.5px solid; border-radius: 3px; }
.op { background: #d9ebf7; border-color: #0072b2; }
.back { background: #d5efe6; border-color: #007a59; border-style: dashed; }
.leaf { background: #fce5b6; border-color: #b87800; }
.constant { background: #f0f0f0; border-color: #a0a0a0; }
.note { background: #f6f6f6; border-left: 4px solid #999; padding: .7rem 1rem; font-size: .9rem; }
@media print {
  body { font-size: 10.5pt; max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; }
  figure svg { max-height: 14.5cm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

Check = Mapping[str, Sequence[float]]
"""For one point: its logits `s`, probabilities `p`, one-hot target `t`, and the gradient for the
logits as the graph's backward pass (`backward`) and a central difference (`difference`) have it."""


def page(runs: Sequence[Run], figures: Mapping[str, str], check: Check) -> str:
    """The whole report; `figures` holds a fragment of HTML for each name."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Three spirals, three learning rates</title>
<style>{_CSS}</style>
</head>
<body>
<h1>Three spirals, three learning rates</h1>
<p class="lede">A network of {_network_text()} learns to tell the arms of a spiral apart, by gradient
descent on the whole batch of 300 points. Only the learning rate differs between the runs.
{_best(runs)}</p>

<h2>Results</h2>
{_results(runs)}
<p>{" ".join(map(_verdict, runs))}</p>

<h2>Convergence</h2>
{figures["convergence"]}

<h2>Decision regions</h2>
{figures["regions"]}

<h2>Weight amplitudes</h2>
{figures["amplitudes"]}

<h2>The graph of one training step</h2>
<p>Every operation of the forward pass leaves a node in a graph. The backward pass visits the nodes
in reverse order and asks each one for its vector-Jacobian product.</p>
{figures["forward"]}
<p>The rules of the backward pass are operations, too, so that pass can be drawn as a graph of its
own. It begins at <code>sub</code>, where the probabilities of the softmax lose the one-hot target:
that difference is derived below.</p>
{figures["step"]}

<h2>Where the backward pass begins: p&nbsp;−&nbsp;t</h2>
{_derivation()}
{_checked(check)}

<h2>To make it again</h2>
<p><code>tinygrad-lab demo</code> writes this page. Points and initial weights come from
<code>numpy.random.RandomState(1234)</code>: arm <i>k</i> has 100 radii from 0 to 2.5 and angles from
4<i>k</i> to 4<i>k</i> + 4 with normal noise of 0.2; weights are normal with variance
2 / <i>n</i><sub>in</sub>, biases 1. All is computed in float64. The numbers are in
<code>results.json</code>, <code>results.csv</code> and, epoch by epoch, <code>history.csv</code>.
Python {platform.python_version()}, NumPy {np.__version__};
training took {sum(run.seconds for run in runs):.1f} s.</p>
</body>
</html>
"""


def image(svg: bytes, alt: str, caption: str) -> str:
    """A figure that holds a picture whole; what it says is also in `alt`."""
    data = base64.b64encode(svg).decode()
    return _captioned(f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(alt)}">', caption)


def drawing(svg: bytes, name: str, caption: str) -> str:
    """A figure with a graph drawn by Graphviz: its text can be searched and copied."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r' xmlns(:xlink)?="[^"]*"|<title>[^<]*</title>\n', "", text)  # the ids of nodes, on hover
    text = re.sub(r'\bid="', f'id="{name}-', text)
    width = float(re.search(r'width="([\d.]+)pt"', text)[1])  # type: ignore[index]  # it has one
    style = f'style="max-width: {width * 4 / 3:.0f}px"'  # the size it was drawn for: 3 pt are 4 px
    text = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', style, text, count=1)
    return _captioned(text, caption)


def missing_drawing(reason: str, file: str) -> str:
    """What stands in place of a graph that nothing here can lay out."""
    return f'<p class="note">The drawing is in <code>{file}</code> as text: {escape(reason)}.</p>'


def percent(share: float) -> str:
    """A share as text: 0.86 is 86.0 %."""
    return f"{100 * share:.1f} %"


def _captioned(content: str, caption: str) -> str:
    return f'<figure>\n<div class="wide">{content}</div>\n<figcaption>{caption}</figcaption>\n</figure>'


def _network_text() -> str:
    n_in, *hidden, n_out = SIZES
    return f"{n_in} inputs, {' and '.join(map(str, hidden))} hidden units with ReLU and {n_out} outputs"


# ------------------------------------------------------------------------------------------- results


def _results(runs: Sequence[Run]) -> str:
    rows = [
        (
            f"{run.rate:g}",
            f"{run.final('train_loss'):.4f}",
            percent(run.final("train_accuracy")),
            f"{run.final('test_loss'):.4f}",
            percent(run.final("test_accuracy")),
            f"{run.alive} of {SIZES[1]}",
        )
        for run in runs
    ]
    head = (
        "learning rate",
        "training loss",
        "training accuracy",
        "test loss",
        "test accuracy",
        "hidden units alive",
    )
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return f'<div class="wide"><table>\n<thead>{row(head, "th")}</thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _best(runs: Sequence[Run]) -> str:
    """The result of the best run, in a sentence."""
    run = max(runs, key=lambda run: run.final("test_accuracy"))
    share = percent(run.final("test_accuracy"))
    return f"At a rate of {run.rate:g} it gets {share} of 300 new points right after {run.epochs} epochs."


def _verdict(run: Run) -> str:
    """What became of a run, in a sentence."""
    rate = f"{run.rate:g}"
    if run.alive == 0:
        return (
            f"At {rate} the first steps are so long that every hidden unit is pushed below zero for "
            "every point: ReLU then passes no gradient, the network can only give all points the same "
            f"probabilities, and the loss stays at ln 3 = {np.log(3):.4f}."
        )
    if run.final("train_accuracy") < 0.95:
        return f"At {rate} the loss is still falling at the end: the run is under-trained."
    return f"At {rate} the network follows all three arms."


# ---------------------------------------------------------------------------------------- derivation


def _i(name: str, below: str = "") -> str:
    return f"<msub><mi>{name}</mi><mi>{below}</mi></msub>" if below else f"<mi>{name}</mi>"


def _o(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _frac(above: str, below: str) -> str:
    return f"<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>"


def _e(power: str) -> str:
    return f"<msup><mi>e</mi><mrow>{power}</mrow></msup>"


def _sum(index: str) -> str:
    return f"<munder><mo>∑</mo><mi>{index}</mi></munder>"


def _block(*parts: str) -> str:
    return f'<math display="block"><mrow>{"".join(parts)}</mrow></math>'


def _inline(*parts: str) -> str:
    return f"<math><mrow>{''.join(parts)}</mrow></math>"


def _derivation() -> str:
    s, p, t = _i("s", "k"), _i("p", "k"), _i("t", "k")
    total = _sum("c") + _e(_i("s", "c"))
    ln = '<mi>ln</mi><mspace width="0.17em"/>'
    partial = _frac(f"<mo>∂</mo>{_i('l')}", f"<mo>∂</mo>{s}")
    return f"""<p>The softmax makes probabilities of the logits {_inline(s)}, and the cross-entropy is
the negative logarithm of what they say of the target {_inline(t)}, which is 1 for the true class and
0 for the others:</p>
{
        _block(
            p,
            _o("="),
            _frac(_e(s), total),
            _o(","),
            '<mspace width="2em"/>',
            _i("l"),
            _o("="),
            _o("−"),
            _sum("k"),
            t,
            ln,
            p,
            _o("."),
        )
    }
<p>Take the logarithm of the quotient. As the {_inline(t)} sum to 1, the logarithm of the sum stands
there once:</p>
{
        _block(
            _i("l"),
            _o("="),
            _o("−"),
            _sum("k"),
            t,
            _o("("),
            s,
            _o("−"),
            ln,
            total,
            _o(")"),
            _o("="),
            ln,
            total,
            _o("−"),
            _sum("k"),
            t,
            s,
            _o("."),
        )
    }
<p>The derivative of {_inline(ln, total)} for {_inline(s)} is {_inline(_e(s))} over the sum, which is
the softmax again, and that of the last term is {_inline(t)}:</p>
{
        _block(
            partial,
            _o("="),
            _frac(_e(s), total),
            _o("−"),
            t,
            _o("="),
            f'<mrow style="font-weight: bold">{p}{_o("−")}{t}</mrow>',
            _o("."),
        )
    }
<p>Over a batch of <i>N</i> points the loss is a mean, so each point's row is divided by <i>N</i>.
Turned round, {_inline(t, _o("−"), p)} would climb the loss instead of descending it.</p>"""


def _checked(check: Check) -> str:
    rows = []
    for k, (s, p, t, g, d) in enumerate(zip(*check.values(), strict=True)):
        cells = (s, p, t, p - t, g, d, t - p)
        shown = [f"{v:.0f}" if i == 2 else f"{v:.6f}".replace("-", "−") for i, v in enumerate(cells)]
        rows.append([f"<i>k</i> = {k}", *shown])
    p, t, d = (np.asarray(check[key]) for key in ("p", "t", "difference"))
    right, wrong = np.abs(p - t - d).max(), np.abs(t - p - d).max()
    head = ("class", "logit s", "softmax p", "target t", "p − t", "backward pass",
            "finite difference", "t − p")  # fmt: skip
    return f"""<p>A finite difference decides. For the first test point, before training, with
(<i>l</i>(<i>s<sub>k</sub></i> + <i>h</i>) − <i>l</i>(<i>s<sub>k</sub></i> − <i>h</i>)) / 2<i>h</i>:</p>
{_table(head, rows)}
<p>The greatest distance from it is {_power(right)} for p − t, and {wrong:.2f} for t − p.</p>"""


def _power(value: float) -> str:
    """A small number as text: 3e-12 is 3 · 10 to the power of -12."""
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit} · 10<sup>{int(exponent)}</sup>".replace("-", "−")
