// An SMS centre on the server class of the package `smpp`, told what to do and asked what it saw over stdin and stdout:
// a line of JSON each way. {"do": "receipts", "state": "DELIVRD"} and so on; everything it receives is printed as it comes.
const smpp = require('smpp');
const readline = require('readline');

const told = {answer: 'take', throttle_every: 0, delay: 0, receipts: '', echo: true, quiet: false};
const sessions = new Set();  // those that receive: receipts and texts come by them
const everything = new Set();
let next = 1, seen = 0;

function say(event) { process.stdout.write(JSON.stringify(event) + '\n'); }

function receipt(session, pdu, id, state, echo) {
  const text = `id:${id} sub:001 dlvrd:001 submit date:2611240200 done date:2611240201 stat:${state} err:${state === 'DELIVRD' ? '000' : '001'} text:`;
  const fields = {source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4, short_message: text};
  if (echo && pdu.user_message_reference !== undefined) fields.user_message_reference = pdu.user_message_reference;
  session.deliver_sm(fields, answer => { if (!told.quiet) say({event: 'acknowledged', id, status: answer.command_status}); });
}

const server = smpp.createServer(session => {
  everything.add(session);
  session.on('close', () => { sessions.delete(session); everything.delete(session); say({event: 'closed'}); });
  session.on('error', () => {});
  for (const kind of ['bind_transceiver', 'bind_transmitter']) session.on(kind, pdu => {
    const ok = pdu.password === 'secret';
    session.receives = kind === 'bind_transceiver';
    if (ok && session.receives) sessions.add(session);
    session.send(pdu.response({command_status: ok ? 0 : 0x0e, system_id: 'centre'}));
    say({event: 'bound', ok, system_id: pdu.system_id, receives: session.receives});
  });
  session.on('enquire_link', pdu => { if (told.answer !== 'deaf') { session.send(pdu.response()); say({event: 'enquired'}); } });
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => {
    seen += 1;
    if (told.throttle_every && seen % told.throttle_every === 0) {
      session.send(pdu.response({command_status: 0x58}));
      say({event: 'throttled'});
      return;
    }
    const part = pdu.short_message;
    const udh = part.udh ? part.udh.map(one => Array.from(one)) : [];
    const id = (next++).toString(16);
    if (!told.quiet) say({event: 'submit', id, to: pdu.destination_addr, from: pdu.source_addr, text: part.message.toString(),
      coding: pdu.data_coding, validity: pdu.validity_period, udh, reference: pdu.user_message_reference});
    if (told.answer === 'deaf') return;
    if (typeof told.answer === 'number') { session.send(pdu.response({command_status: told.answer})); return; }
    if (told.answer === 'die') { say({event: 'dying'}); process.exit(9); }
    const answer = () => {
      session.send(pdu.response({message_id: id}));
      if (told.receipts) receipt(session.receives ? session : sessions.values().next().value, pdu, id, told.receipts, told.echo);
    };
    told.delay ? setTimeout(answer, told.delay) : answer();
  });
});

readline.createInterface({input: process.stdin}).on('line', line => {
  const wish = JSON.parse(line);
  if (wish.do === 'set') Object.assign(told, wish.to);
  else if (wish.do === 'deliver') for (const session of sessions) session.deliver_sm(wish.fields, answer =>
    say({event: 'acknowledged', id: wish.id, status: answer.command_status}));
  else if (wish.do === 'receipt') for (const session of sessions) receipt(session, wish.pdu, wish.id, wish.state, wish.echo);
  else if (wish.do === 'drop') for (const session of everything) session.destroy();
  else if (wish.do === 'count') say({event: 'count', seen});
});
process.stdin.on('end', () => process.exit(0));
server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => say({event: 'listening', port: server.address().port}));
