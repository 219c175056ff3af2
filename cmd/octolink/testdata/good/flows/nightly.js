export default function nightly() {
  log("nothing to do");
}
