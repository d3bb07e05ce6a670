// The one-time code stands behind the # of its link, which browsers send to nobody; it is put into its field and taken
// out of the address, so that it stays neither in the history nor on a screen.
const code = location.hash.slice(1);
if (/^[A-Za-z0-9_-]{43}$/.test(code)) {
  document.getElementById("code").value = code;
  history.replaceState(null, "", location.pathname);
  document.querySelector("[name=password]").focus();
}
