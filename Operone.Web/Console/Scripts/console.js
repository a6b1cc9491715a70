// What Blazor cannot do from the server without a round trip: keys, the theme, the time zone, the bar of a lost connection.
import "./keys.js";
import "./chosen.js";
import "./times.js";
import "./copy.js";
import "./charts.js";
import "./screens.js";
import "./connection.js";
import "./session.js";
import "./passkeys.js";
