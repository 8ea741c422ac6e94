"""Links of a task instance in Airflow's user interface: to its pictures, and to its PHOTA task.

Airflow 3 reads a link from an XCom, which it writes itself when an attempt ends or defers. So that a link is
there while an attempt is under way, and after it was killed, it is also pushed as soon as it is known.
Airflow 2 asks the class of the link in its web server.
"""
