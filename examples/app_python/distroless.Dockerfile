# The same application in two stages: a slim builder and a distroless runtime.
FROM python:3.12-slim AS builder

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --target=/deps -r requirements.txt
COPY app.py .
COPY templates templates

FROM gcr.io/distroless/python3-debian12:nonroot

WORKDIR /app
COPY --from=builder /deps /deps
COPY --from=builder /app /app
ENV PYTHONPATH=/deps

EXPOSE 5000
CMD ["-m", "gunicorn", "--bind", "0.0.0.0:5000", "app:app"]
