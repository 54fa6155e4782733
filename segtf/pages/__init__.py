"""Web pages in one file each, and the HTML and CSS that all of them share."""
