  const text = (tag, content, name) => {
    const node = document.createElement(tag);
    node.textContent = content;
    if (name) node.className = name;
    return node;
  };
  const rows = (head, cells) => {
    const table = document.createElement('table');
    const add = (kind, values) => {
      const row = document.createElement('tr');
      values.forEach((value) => row.append(text(kind, value)));
      table.append(row);
    };
    add('th', head);
    cells.forEach((values) => add('td', values));
    return table;
  };
  fetch('/openapi.json').then((answer) => answer.json()).then((api) => {
    const main = document.getElementById('routes');
    main.textContent = '';
    const groups = {};
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, route] of Object.entries(methods)) {
        (groups[(route.tags || ['other'])[0]] ||= []).push([method, path, route]);
      }
    }
    for (const [tag, routes] of Object.entries(groups)) {
      main.append(text('h2', tag));
      for (const [method, path, route] of routes) {
        const details = document.createElement('details');
        const summary = document.createElement('summary');
        summary.append(text('span', method.toUpperCase(), 'method ' + method), text('code', path));
        summary.append(' ' + (route.summary || ''));
        details.append(summary);
        if (route.description) details.append(text('p', route.description));
        if (route.parameters) {
          details.append(rows(['Parameter', 'In', 'What'],
            route.parameters.map((p) => [p.name, p.in, p.description || ''])));
        }
        details.append(rows(['Answer', 'What'],
          Object.entries(route.responses).map(([code, r]) => [code, r.description])));
        main.append(details);
      }
    }
  }).catch((error) => {
    document.getElementById('routes').textContent = 'The description cannot be read: ' + error;
  });
