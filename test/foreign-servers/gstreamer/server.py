"""An RTSP server that this project did not write: GStreamer's gst-rtsp-server, with live test pictures.

Run with Debian's own Python (/usr/bin/python3), which is the one that sees python3-gi.
Prints one JSON line, {"port": N}, when it listens on 127.0.0.1, and ends when its stdin closes,
so that it never outlives the test that started it.

    server.py [--port 0] [--digest USER:PASSWORD | --basic USER:PASSWORD] [--file MOUNT KIND PATH ...]

--file sends a Matroska file, from its beginning for each client; KIND is h264, h264-sdp (parameter sets in the description
alone), h265, jpeg or mpeg4. "sessions" on stdin is answered with {"sessions": N}.
    server.py --check      exits 0, or 3 after a line that names what is missing
"""

import argparse
import json
import sys

HOST = "127.0.0.1"
FPS = 25


def source(pattern, width, height):
    """A live picture; its caps are plain 4:2:0, which every encoder here and RTP/JPEG take."""
    return (
        f"videotestsrc is-live=true pattern={pattern} "
        f"! video/x-raw,format=I420,width={width},height={height},framerate={FPS}/1 "
    )


# A key frame every second; parameter sets before each, so that a late client needs no others.
H264 = (
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=2000 threads=1 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1"
)
H265 = (
    "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=1500 log-level=error "
    "! rtph265pay name=pay0 pt=96 config-interval=-1"
)
MJPEG = "! jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26"

MOUNTS = {
    "/h264": source("ball", 640, 360) + H264,
    "/h265": source("ball", 640, 360) + H265,
    "/mjpeg": source("ball", 640, 360) + MJPEG,
    # smpte75 stands still in every pixel; plain smpte has a block of noise.
    "/bars": source("smpte75", 640, 360) + H264,
    "/four-by-three": source("smpte75", 640, 480) + H264,
    "/h264-tcp-only": source("ball", 640, 360) + H264,
    "/h264-udp-only": source("ball", 640, 360) + H264,
}
# For files; config-interval=-1 puts parameter sets before each key frame, 0 nowhere.
PAYLOADS = {
    "h264": "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h264-sdp": "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=0",
    "h265": "! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
    "jpeg": "! rtpjpegpay name=pay0 pt=26",
    "mpeg4": "! mpeg4videoparse ! rtpmp4vpay name=pay0 pt=96 config-interval=1",
}
ELEMENTS = ("videotestsrc", "x264enc", "x265enc", "jpegenc", "rtph264pay", "rtph265pay", "rtpjpegpay")


def missing():
    """What this machine lacks, as text; empty when all is there."""
    try:
        import gi

        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtsp", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import Gst, GstRtspServer  # noqa: F401
    except (ImportError, ValueError) as error:
        return str(error)
    Gst.init(None)
    return ", ".join(name for name in ELEMENTS if Gst.ElementFactory.find(name) is None)


def options():
    parser = argparse.ArgumentParser(description="RTSP test server")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--file", nargs=3, action="append", default=[], metavar=("MOUNT", "KIND", "PATH"))
    login = parser.add_mutually_exclusive_group()
    login.add_argument("--digest", metavar="USER:PASSWORD")
    login.add_argument("--basic", metavar="USER:PASSWORD")
    return parser.parse_args()


def guard(server, method, credentials):
    """Lets only `credentials` in, by Basic or Digest; returns the permissions that each mount needs."""
    from gi.repository import GstRtsp, GstRtspServer

    user, password = credentials.split(":", 1)
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)

    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role("viewer")
    for right in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{right}", True)
    return permissions


def main():
    asked = options()
    lacking = missing()
    if lacking:
        print(f"GStreamer test server cannot run: {lacking}")
        return 3
    if asked.check:
        return 0

    from gi.repository import GLib, GstRtsp, GstRtspServer

    server = GstRtspServer.RTSPServer()
    server.set_address(HOST)
    server.set_service(str(asked.port))
    permissions = None
    if asked.digest:
        permissions = guard(server, "digest", asked.digest)
    elif asked.basic:
        permissions = guard(server, "basic", asked.basic)

    for path, pipeline in MOUNTS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {pipeline} )")
        factory.set_shared(True)
        tcp, udp = GstRtsp.RTSPLowerTrans.TCP, GstRtsp.RTSPLowerTrans.UDP
        only = {"/h264-tcp-only": tcp, "/h264-udp-only": udp}
        factory.set_protocols(only.get(path, tcp | udp))
        if permissions is not None:
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)

    for path, kind, file in asked.file:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( filesrc location={file} ! matroskademux {PAYLOADS[kind]} )")
        if permissions is not None:
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)

    if server.attach(None) == 0:
        print(f"cannot listen on {HOST}:{asked.port}", file=sys.stderr)
        return 1

    loop = GLib.MainLoop()

    def stdin_ready(channel, condition):
        asked_for = b"" if condition & GLib.IOCondition.HUP else sys.stdin.buffer.read1(4096)
        if asked_for == b"":
            loop.quit()
            return False
        if b"sessions" in asked_for:
            print(json.dumps({"sessions": server.get_session_pool().get_n_sessions()}), flush=True)
        return True

    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, stdin_ready)
    print(json.dumps({"port": server.get_bound_port()}), flush=True)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
