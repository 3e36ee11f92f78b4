# Stands in for systemd on a bus of a test: makes a folder for each slice below PLACE/cgroup, and writes what it was
# asked to PLACE/calls, one call a line.
import os, shutil, sys
import dbus, dbus.mainloop.glib, dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.systemd1.Manager"
SHOWN = ("Wants", "CPUWeight", "CPUQuotaPerSecUSec", "MemoryMax", "TasksMax")
place = sys.argv[1]
units = set()


def folder(name):
    parts = name.removesuffix(".slice").split("-")
    return os.path.join(place, "cgroup", *("-".join(parts[:i + 1]) + ".slice" for i in range(len(parts))))


def note(method, *words, end="\n"):
    with open(place + "/calls", "a") as out:
        out.write(" ".join([method, *map(str, words)]) + end)


def shown(properties):
    told = {str(key): value for key, value in properties}
    return ["%s=%s" % (key, told[key][0] if key == "Wants" else told[key]) for key in SHOWN if key in told]


class Manager(dbus.service.Object):
    @dbus.service.method(MANAGER, in_signature="ssa(sv)a(sa(sv))", out_signature="o")
    def StartTransientUnit(self, name, mode, properties, beside):
        if name.startswith("refused"):
            raise dbus.DBusException("this one is refused", name="org.freedesktop.systemd1.Refused")
        note("StartTransientUnit", name, mode, *shown(properties))
        units.add(str(name))
        # The job is done later, as it is there.
        GLib.timeout_add(20, lambda: os.makedirs(folder(name), exist_ok=True))
        return "/org/freedesktop/systemd1/job/1"

    @dbus.service.method(MANAGER, in_signature="sba(sv)")
    def SetUnitProperties(self, name, runtime, properties):
        known = str(name) in units
        note("SetUnitProperties", name, "true" if runtime else "false", *shown(properties),
             end="\n" if known else ": no such unit\n")
        if not known:
            raise dbus.DBusException("Unit not found.", name="org.freedesktop.systemd1.NoSuchUnit")

    @dbus.service.method(MANAGER, in_signature="ss", out_signature="o")
    def StopUnit(self, name, mode):
        note("StopUnit", name, mode)
        units.discard(str(name))
        shutil.rmtree(folder(name), ignore_errors=True)
        return "/org/freedesktop/systemd1/job/2"


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
name = dbus.service.BusName("org.freedesktop.systemd1", dbus.SystemBus())
manager = Manager(name, "/org/freedesktop/systemd1")
note("", end="")
GLib.MainLoop().run()
