// What the page says, in two languages.

const en = {
  'login.title': 'Log in', 'login.name': 'Login', 'login.password': 'Password', 'login.enter': 'Log in',
  'login.demo': 'This is the demo. Everybody’s password is filled in; choose who you want to be:',
  'login.lost': 'The server does not answer. Is it running?',
  'login.ended': 'You are logged out.',
  logout: 'Log out', reconnect: 'Try now', 'photo.change': 'Change your photo',
  'link.up': 'connected', 'link.down': 'not connected', 'link.wait': 'connecting …',
  lost: 'The connection is lost. Trying again …',
  phone: 'Phone', 'dial.label': 'Number to call or to transfer to', 'dial.placeholder': 'Number or name',
  call: 'Call', answer: 'Answer', hold: 'Hold', takeback: 'Take back', swap: 'Swap', transfer: 'Transfer',
  connect: 'Connect the two', conference: 'Conference', invite: 'Invite', end: 'End', decline: 'Decline',
  'hold.label': 'On hold:',
  'phone.disconnected': 'No phone', 'phone.ready': 'Ready', 'phone.backcall': 'Calling', 'phone.call': 'Calling',
  'phone.ring': 'Incoming call', 'phone.backring': 'Pick up to call', 'phone.talk': 'Talking',
  'phone.dialtone': 'Somebody is on hold', 'phone.waits': 'You are on hold', 'phone.conference': 'Conference',
  'hint.backring': 'Your own phone rings first. Answer it, then the other side is called.',
  'hint.ready': 'Type a number, or choose somebody from the directory.',
  state: 'You', 'state.0': 'Offline', 'state.1': 'Ready', 'state.2': 'On a break', 'state.3': 'Do not disturb',
  'state.5': 'Busy', 'state.6': 'Reserved', 'state.7': 'No phone', 'state.cc': 'in the call-centre',
  ready: 'Ready', dnd: 'Do not disturb', callcenter: 'Call-centre', break: 'Break', 'break.reason': 'Reason of the break',
  queue: 'Queue', 'queue.empty': 'Nobody waits.', 'queue.waits': 'waits',
  directory: 'Directory', filter: 'Search', 'directory.empty': 'Nobody by that name.', 'directory.other': 'Other numbers',
  'directory.you': 'you', 'directory.call': 'Call {0}', 'directory.transfer': 'Transfer to {0}',
  journal: 'Your calls', 'journal.empty': 'No calls yet.', 'journal.again': 'Call {0} again', 'journal.play': 'Play the recording',
  sim: 'Try it', 'sim.about': 'The telephones here are simulated. Let somebody call:', 'sim.from': 'Caller',
  'sim.me': 'Ring me', 'sim.queue': 'Ring the queue', 'sim.hangup': 'Caller hangs up',
  wire: 'What travels on the wire', 'wire.about': 'The latest messages of the protocol, secrets left out.',
  'error.no answer': 'The server did not answer in time.', 'error.connection lost': 'The connection is lost.',
  'error.Wrong login/pass combination': 'Wrong login or password.',
  'error.Bad request. Session does not exist': 'Your session is over. Please log in again.',
  'error.Bad request. Invalid session user': 'Your session is over. Please log in again.',
  'error.Service not available': 'The server is still starting. Try again in a moment.',
  'error.50025': 'Too many users are logged in.',
  'error.number': 'Type a number first.', 'error.upload': 'The picture was not taken: {0}',
  'text.from': 'Message from {0}: {1}',
};

const ru = {
  'login.title': 'Вход', 'login.name': 'Логин', 'login.password': 'Пароль', 'login.enter': 'Войти',
  'login.demo': 'Это демонстрация. Пароль уже вписан, выберите, кем вы будете:',
  'login.lost': 'Сервер не отвечает. Он запущен?',
  'login.ended': 'Вы вышли.',
  logout: 'Выйти', reconnect: 'Сейчас', 'photo.change': 'Сменить фото',
  'link.up': 'на связи', 'link.down': 'нет связи', 'link.wait': 'подключение …',
  lost: 'Связь потеряна. Подключаемся снова …',
  phone: 'Телефон', 'dial.label': 'Номер для звонка или перевода', 'dial.placeholder': 'Номер или имя',
  call: 'Позвонить', answer: 'Ответить', hold: 'Удержать', takeback: 'Вернуться', swap: 'Переключить', transfer: 'Перевести',
  connect: 'Соединить', conference: 'Конференция', invite: 'Пригласить', end: 'Завершить', decline: 'Отклонить',
  'hold.label': 'На удержании:',
  'phone.disconnected': 'Нет телефона', 'phone.ready': 'Готов', 'phone.backcall': 'Вызов', 'phone.call': 'Вызов',
  'phone.ring': 'Входящий звонок', 'phone.backring': 'Снимите трубку', 'phone.talk': 'Разговор',
  'phone.dialtone': 'Абонент на удержании', 'phone.waits': 'Вас удерживают', 'phone.conference': 'Конференция',
  'hint.backring': 'Сначала звонит ваш телефон. Ответьте, и вызов пойдёт дальше.',
  'hint.ready': 'Наберите номер или выберите абонента в справочнике.',
  state: 'Вы', 'state.0': 'Не в сети', 'state.1': 'Готов', 'state.2': 'Перерыв', 'state.3': 'Не беспокоить',
  'state.5': 'Занят', 'state.6': 'Зарезервирован', 'state.7': 'Без телефона', 'state.cc': 'в колл-центре',
  ready: 'Готов', dnd: 'Не беспокоить', callcenter: 'Колл-центр', break: 'Перерыв', 'break.reason': 'Причина перерыва',
  queue: 'Очередь', 'queue.empty': 'Никто не ждёт.', 'queue.waits': 'ждёт',
  directory: 'Справочник', filter: 'Поиск', 'directory.empty': 'Никого не нашлось.', 'directory.other': 'Другие номера',
  'directory.you': 'вы', 'directory.call': 'Позвонить: {0}', 'directory.transfer': 'Перевести: {0}',
  journal: 'Ваши звонки', 'journal.empty': 'Звонков ещё не было.', 'journal.again': 'Перезвонить: {0}', 'journal.play': 'Прослушать запись',
  sim: 'Попробуйте', 'sim.about': 'Телефоны здесь виртуальные. Пусть кто-нибудь позвонит:', 'sim.from': 'Кто звонит',
  'sim.me': 'Позвонить мне', 'sim.queue': 'Позвонить в очередь', 'sim.hangup': 'Звонящий кладёт трубку',
  wire: 'Что идёт по проводу', 'wire.about': 'Последние сообщения протокола, без секретов.',
  'error.no answer': 'Сервер не ответил вовремя.', 'error.connection lost': 'Связь потеряна.',
  'error.Wrong login/pass combination': 'Неверный логин или пароль.',
  'error.Bad request. Session does not exist': 'Сеанс завершён. Войдите снова.',
  'error.Bad request. Invalid session user': 'Сеанс завершён. Войдите снова.',
  'error.Service not available': 'Сервер ещё запускается. Попробуйте чуть позже.',
  'error.50025': 'Слишком много пользователей.',
  'error.number': 'Сначала наберите номер.', 'error.upload': 'Фото не принято: {0}',
  'text.from': 'Сообщение от {0}: {1}',
};

const key = 'octolink.language';
let words = localStorage.getItem(key) === 'ru' ? ru : en;

/** t gives the text of a key, with {0}, {1} … filled in. */
export function t(name, ...args) {
  const text = words[name] ?? en[name] ?? name;
  return text.replace(/\{(\d)\}/g, (_, i) => args[i]);
}

/** explain gives the text of an error: of its code or its text where we know it better. */
export function explain(err) {
  for (const k of [`error.${err.code}`, `error.${err.message}`]) if (words[k]) return words[k];
  return err.message;
}

/** russian says which language is on. */
export function russian() {
  return words === ru;
}

/** otherLanguage changes to the other one, for this browser. */
export function otherLanguage() {
  words = russian() ? en : ru;
  localStorage.setItem(key, russian() ? 'ru' : 'en');
}

/** translate fills all elements that name a text. */
export function translate(root) {
  document.documentElement.lang = russian() ? 'ru' : 'en';
  root.querySelectorAll('[data-t]').forEach((e) => { e.textContent = t(e.dataset.t); });
  root.querySelectorAll('[data-t-placeholder]').forEach((e) => { e.placeholder = t(e.dataset.tPlaceholder); });
  root.querySelectorAll('[data-t-title]').forEach((e) => { e.title = t(e.dataset.tTitle); });
}
