export default function incoming(call: Call) {
  call.queue("700");
}
