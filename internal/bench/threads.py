"""Locks the records whose ids a file holds, with so many threads: way is http.client (a connection kept
per thread), session (requests, a session per thread) or requests (requests.post)."""
import http.client
import queue
import sys
import threading
import urllib.parse

way, base, path, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
token, body = sys.argv[5], sys.argv[6]
if way != "http.client":
    import requests

headers = {"Authorization": "Zoho-oauthtoken " + token, "Content-Type": "application/json"}
ids = queue.SimpleQueue()
with open(path) as lines:
    for line in lines:
        ids.put(line.strip())
faults = []


def target(id):
    return "/crm/v8/Leads/" + id + "/Locking_Information__s"


def kept():
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc)

    def post(id):
        connection.request("POST", target(id), body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    return post


def session():
    s = requests.Session()
    return lambda id: s.post(base + target(id), data=body, headers=headers).status_code


def single():
    return lambda id: requests.post(base + target(id), data=body, headers=headers).status_code


def work():
    try:
        post = {"http.client": kept, "session": session, "requests": single}[way]()
        while True:
            try:
                id = ids.get_nowait()
            except queue.Empty:
                return
            status = post(id)
            if status // 100 != 2:
                faults.append(status)
    except Exception as e:
        faults.append(e)


crew = [threading.Thread(target=work) for _ in range(threads)]
for t in crew:
    t.start()
for t in crew:
    t.join()
if faults:
    sys.exit("%d calls went wrong, the first: %s" % (len(faults), faults[0]))
