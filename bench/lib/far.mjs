import { connect, createServer } from 'node:net';

/**
 * An endpoint that is `milliseconds` farther away than the given one: each answer comes so much later. Answers `{
 * endpoint, close }`.
 */
export async function farAway(endpoint, milliseconds) {
  const { hostname, port } = new URL(endpoint);
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .setNoDelay(true)
        .on('error', () => {
          near.destroy();
          far.destroy();
        })
        .on('close', () => {
          sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
    }
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      setTimeout(() => {
        if (!near.destroyed) near.write(chunk);
      }, milliseconds);
    });
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
