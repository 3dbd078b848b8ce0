// Boards: a card that is dropped on another lane presses the button that its menu has for that lane.

let dragged: HTMLElement | null = null;

function laneOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>("[data-lane]") : null;
}

/** The button of the card's menu that moves it to the lane; there is none for the lane where it lies. */
function moving(card: HTMLElement, lane: HTMLElement): HTMLButtonElement | undefined {
  const buttons = [...card.querySelectorAll<HTMLButtonElement>("button[name=to]")];
  return buttons.find((button) => button.value === (lane.dataset.lane ?? ""));
}

function end(): void {
  dragged?.classList.remove("is-dragged");
  for (const lane of document.querySelectorAll(".board-lane.is-target")) lane.classList.remove("is-target");
  dragged = null;
}

document.addEventListener("dragstart", (event) => {
  const card = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-card]") : null;
  if (!card) return;
  dragged = card;
  card.classList.add("is-dragged");
  event.dataTransfer?.setData("text/plain", card.id);
});

document.addEventListener("dragover", (event) => {
  const lane = laneOf(event.target);
  if (!dragged || !lane || !moving(dragged, lane)) return;
  event.preventDefault();
  for (const other of document.querySelectorAll(".board-lane.is-target")) {
    if (other !== lane) other.classList.remove("is-target");
  }
  lane.classList.add("is-target");
});

document.addEventListener("drop", (event) => {
  const lane = laneOf(event.target);
  const button = dragged && lane ? moving(dragged, lane) : undefined;
  if (button) {
    event.preventDefault();
    button.form?.requestSubmit(button);
  }
  end();
});

document.addEventListener("dragend", end);
