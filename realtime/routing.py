"""The WebSocket paths."""

from __future__ import annotations

from django.urls import path

from realtime.consumer import SessionConsumer

websocket_urlpatterns = [path("runtime/session", SessionConsumer.as_asgi())]
