// What every page loads. Everything here betters pages that already work without scripts.
import "./server";
import "./shell";
import "./toasts";
import "./lookup";
import "./search";
import "./upload";
import "./panel";
import "./table";
import "./widths";
import "./board";
import "./forms";
import "./address";
import "./drafts";
import "./people";
import "./times";
import "./calendar";
import "./copying";
