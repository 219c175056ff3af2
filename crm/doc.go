// Package crm is the CRM side of octolink as the rest of it sees it: somebody who offers dynamic
// methods and forms, wherever he is: behind a WebSocket, an HTTP address or in a plugin's process.
//
// A [Provider] offers a [Catalog]. The [Directory] knows who offers what at this moment; names in it
// are "provider.method" and "provider.form".
package crm
