role-admin = Administrator
role-operator = Operator
role-viewer = Viewer

login-title = Log in
login-lead = Monitoring of services and infrastructure.
login-name = User name
login-password = Password
login-button = Log in
login-first-start = The first password was printed once on the terminal when Pantau was first started.
login-wrong = User name or password do not match.
login-wait = Too many tries. Please try again in { $span }.
logout = Log out
