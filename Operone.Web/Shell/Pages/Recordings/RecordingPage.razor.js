// Tells the player's frame where to go.
export function seek(frame, seconds) {
  frame.contentWindow?.postMessage({ seek: seconds }, location.origin);
}
