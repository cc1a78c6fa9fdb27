module signing-helper

go 1.24.0

require github.com/aws/rolesanywhere-credential-helper v1.7.3
