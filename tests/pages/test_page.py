from segtf.pages.html import html
from segtf.pages.page import estimate, page, plot, swatch, table, tiles

NAME = '<b onclick="x">&'
ESCAPED = "&lt;b onclick=&#34;x&#34;&gt;&amp;"


def test_names_are_text_wherever_they_stand():
    shown = page(
        NAME,
        NAME,
        tiles([(NAME, NAME, NAME)]),
        table([NAME], [[NAME], [swatch(NAME, (1, 2, 3))]]),
        plot(b"<svg/>", NAME),
    )
    assert "onclick=" in shown and NAME not in shown
    assert shown.count(ESCAPED) == 10


def test_parts_of_a_page_stay_html():
    cells = [estimate(0.5, (0.25, 0.75)), html("<i>{}</i>", "x")]
    shown = page("a", table(["b", "c"], [cells]), "")
    assert "<td>0.500<small>0.250 to 0.750</small></td><td><i>x</i></td>" in shown
    assert "(prefers-color-scheme: dark)" in shown
    assert "{}" not in shown
