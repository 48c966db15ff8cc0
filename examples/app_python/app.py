"""Shows the time in Moscow."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Flask, jsonify, render_template

app = Flask(__name__)
MOSCOW = ZoneInfo("Europe/Moscow")


@app.get("/")
def index():
    return render_template("index.html", now=datetime.now(MOSCOW))


@app.get("/api/time")
def time():
    return jsonify(zone="Europe/Moscow", time=datetime.now(MOSCOW).isoformat(timespec="seconds"))


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
