// Draws every card of `page` with the renderer that Microsoft publishes, in Teams' colours, as Teams would lay it out.
const colour = (value, subtle) => ({ default: value, subtle: subtle || value });
const palette = {
    light: { ink: "#242424", soft: "#616161", card: "#ffffff", grey: "#f0f0f0", good: "#e7f2da", warning: "#fbf3d5", attention: "#fcecee", accent: "#ebebfa" },
    dark: { ink: "#ffffff", soft: "#adadad", card: "#292929", grey: "#333333", good: "#1f3d1f", warning: "#46390b", attention: "#4a1f26", accent: "#2f2f4a" },
};
const strong = {
    light: { good: "#107c10", warning: "#8a5a00", attention: "#c4314b", accent: "#5b5fc7" },
    dark: { good: "#92c353", warning: "#f8d22a", attention: "#f9526b", accent: "#9299f7" },
};

function hostConfig(theme) {
    const { ink, soft, card, ...grounds } = palette[theme];
    const foregroundColors = { default: colour(ink, soft), dark: colour(ink, soft), light: colour(ink, soft) };
    for (const [name, value] of Object.entries(strong[theme])) foregroundColors[name] = colour(value);
    const containerStyles = { default: { backgroundColor: card, foregroundColors } };
    for (const [name, value] of Object.entries({ emphasis: grounds.grey, ...grounds }))
        containerStyles[name] = { backgroundColor: value, foregroundColors };
    return new AdaptiveCards.HostConfig({
        supportsInteractivity: true,
        fontTypes: {
            default: { fontFamily: '"Segoe UI","Noto Sans","DejaVu Sans",sans-serif', fontSizes: { small: 12, default: 14, medium: 16, large: 20, extraLarge: 24 } },
            monospace: { fontFamily: '"Cascadia Mono","DejaVu Sans Mono",monospace', fontSizes: { small: 11, default: 12.5, medium: 14, large: 16, extraLarge: 20 } },
        },
        spacing: { small: 4, default: 8, medium: 14, large: 20, extraLarge: 28, padding: 14 },
        separator: { lineThickness: 1, lineColor: theme === "dark" ? "#ffffff33" : "#00000022" },
        actions: { maxActions: 6, buttonSpacing: 8, actionsOrientation: "horizontal", actionAlignment: "left" },
        containerStyles,
    });
}

const markdown = window.markdownit({ linkify: true });
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    // Mentions are Teams' own markup; all other markup in text would be shown as it is.
    result.outputHtml = markdown.render(text).replace(/&lt;at&gt;(.*?)&lt;\/at&gt;/g, "<at>$1</at>");
    result.didProcess = true;
};

const problems = [];
for (const [theme, classes] of columns) {
    const column = document.createElement("main");
    column.className = classes;
    for (const shown of page) {
        const article = document.createElement("article");
        article.innerHTML = "<b>LogSense</b> <small>3:02 AM</small><p></p><div class=shown></div>";
        article.querySelector("p").textContent = shown.summary;
        const place = article.querySelector(".shown");
        if (shown.html) place.innerHTML = shown.html;
        else {
            const card = new AdaptiveCards.AdaptiveCard();
            card.hostConfig = hostConfig(theme);
            const context = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
            card.parse(shown.card, context);
            for (let index = 0; index < context.eventCount; index++) problems.push(context.getEventAt(index).message);
            place.append(card.render());
            if (shown.open) place.querySelectorAll("div[role=button]").forEach((line) => line.click());
        }
        column.append(article);
    }
    document.body.append(column);
}
const links = [...document.querySelectorAll(".shown a[href]")].map((link) => link.getAttribute("href"));
document.body.dataset.problems = JSON.stringify([...new Set(problems)]);
document.body.dataset.links = JSON.stringify(links);
// Pressing a line above has scrolled to it.
document.activeElement.blur();
window.scrollTo(0, 0);
document.body.dataset.height = document.body.scrollHeight;
